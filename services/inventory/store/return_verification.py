"""What must be true of returns: none was granted beyond what was sold, and where tills told more, it was said."""

TAKEN_BACK_BEYOND = """
    SELECT format('return %s: %s of %s taken back on receipt %s while %s could come back', event_id, quantity, sku,
        receipt_id, returnable)
    FROM receipt_returns WHERE quantity > returnable
    UNION ALL
    SELECT format('return %s: %s of %s taken back without a receipt while %s could come back', return_id, quantity, sku,
        returnable)
    FROM returns_without_receipt WHERE quantity > returnable
"""
# What is still to be looked at is not held against anybody, and a sale that was told after the look is no fault of it.
UNSAID_EXCESS = """
    WITH back AS (
        SELECT location_id, till_id, receipt_id, sku, sum(quantity) AS came_back, sum(excess) AS excess,
            max(judged_at) AS judged_at, bool_or(names_sale) AS names_sale
        FROM receipt_returns GROUP BY location_id, till_id, receipt_id, sku HAVING bool_and(judged_at IS NOT NULL)),
    sold AS (
        SELECT back.location_id, till_id, receipt_id, back.sku, sum(ledger.quantity) AS sold,
            min(recorded_at) AS told_at
        FROM back JOIN ledger ON ledger.location_id = back.location_id AND ledger.sku = back.sku
            AND reference = receipt_id AND kind = 'sale'
            AND (source = format('/locations/%s/tills/%s', back.location_id, till_id)
                OR starts_with(source, format('/locations/%s/tills/%s/epochs/', back.location_id, till_id)))
        GROUP BY back.location_id, till_id, receipt_id, back.sku)
    SELECT format('receipt %s of till %s at %s: %s of %s sold, %s came back, and nobody was told', receipt_id, till_id,
        location_id, coalesce(sold, 0), sku, came_back)
    FROM back LEFT JOIN sold USING (location_id, till_id, receipt_id, sku)
    WHERE came_back - coalesce(sold, 0) > excess AND (told_at <= judged_at OR (told_at IS NULL AND names_sale))
"""
