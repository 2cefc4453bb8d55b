// Numbers as people read them.

const COUNT = new Intl.NumberFormat();
const SHORT = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const PERCENT = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const NONE = "–";

/** A whole number with its groups; "–" for null. */
export function count(value) {
  return value === null || value === undefined ? NONE : COUNT.format(value);
}

/** A number of things: `plural(3, "job")` is "3 jobs". */
export function plural(value, noun, nouns = `${noun}s`) {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

/** A large number in short: 1.2M. */
export function short(value) {
  return value === null || value === undefined ? NONE : SHORT.format(value);
}

/** A size in bytes, in steps of 1,000. */
export function bytes(value) {
  if (value === null || value === undefined) {
    return NONE;
  }
  const step = value < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  const format = { style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: step > 1 ? 1 : 0 };
  return new Intl.NumberFormat(undefined, format).format(value / 1000 ** step);
}

/** An amount of money in millionths of a currency's unit, with more places where it is small. */
export function money(micros, currency) {
  if (micros === null || micros === undefined || !currency) {
    return NONE;
  }
  const places = Math.abs(micros) >= 1_000_000 || micros === 0 ? 2 : 4;
  const format = { style: "currency", currency, minimumFractionDigits: places, maximumFractionDigits: places };
  try {
    return new Intl.NumberFormat(undefined, format).format(micros / 1e6);
  } catch {
    // A currency that is no ISO code, as a store's own credits are.
    return `${(micros / 1e6).toFixed(places)} ${currency}`;
  }
}

/** A share from 0 to 1 as a percentage. */
export function percent(share) {
  return share === null || share === undefined ? NONE : PERCENT.format(share);
}
