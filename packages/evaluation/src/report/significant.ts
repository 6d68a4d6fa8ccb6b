/**
 * A number with so many significant digits (more where they stand before the point) and never an
 * exponent: "1,560", "30.0", "0.00123".
 */
export function significant(value: number, digits = 3): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  // Rounded first: 99.96 has as many digits before the point as 100.
  const magnitude = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  const decimals = Math.min(20, Math.max(0, digits - 1 - magnitude));
  return value.toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}
