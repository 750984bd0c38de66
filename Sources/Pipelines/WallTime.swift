/// A moment in UTC, in microseconds: what messages carry as `captured_at`.
public struct WallTime: Comparable, Hashable, Sendable {
  /// Since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
  public var microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// Whole seconds, rounded down.
  public var seconds: Int64 { Self.floorDivide(microseconds, 1_000_000).quotient }

  public static func < (left: Self, right: Self) -> Bool {
    left.microseconds < right.microseconds
  }

  /// Appends RFC 3339 with microseconds and `Z`, 27 ASCII characters: `2026-03-01T07:05:09.000042Z`. Years outside 0…9999,
  /// which the format can't say, are held to its ends.
  public func appendRFC3339(to text: inout [UInt8]) {
    let bounded = min(max(microseconds, -62_167_219_200_000_000), 253_402_300_799_999_999)
    let (seconds, fraction) = Self.floorDivide(bounded, 1_000_000)
    let (days, second) = Self.floorDivide(seconds, 86_400)
    let (year, month, day) = Self.civilDate(daysSince1970: days)
    Self.append(year, digits: 4, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.append(month, digits: 2, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.append(day, digits: 2, to: &text)
    text.append(UInt8(ascii: "T"))
    Self.append(second / 3600, digits: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.append(second / 60 % 60, digits: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.append(second % 60, digits: 2, to: &text)
    text.append(UInt8(ascii: "."))
    Self.append(fraction, digits: 6, to: &text)
    text.append(UInt8(ascii: "Z"))
  }

  /// RFC 3339, UTC, with microseconds.
  public var rfc3339: String {
    var text: [UInt8] = []
    text.reserveCapacity(27)
    appendRFC3339(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The proleptic Gregorian date. Counting years from March puts the leap day last, so the month follows from the day of the
  /// year by one linear formula (the 153 days of March to July repeat).
  private static func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private static func append(_ value: Int64, digits: Int, to text: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }
}
