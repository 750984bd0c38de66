extension YAMLValue {
  /// A whole number in a range.
  public func int(in range: ClosedRange<Int> = .min ... .max) -> Int? {
    let expected = range == .min ... .max ? "a whole number" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    guard let text = plainText, let value = Int(text), range.contains(value) else { return wrong(expected) }
    return value
  }

  /// A finite decimal number in a range.
  public func float(in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude) -> Double? {
    let isBounded = range.upperBound < Double.greatestFiniteMagnitude
    let expected = isBounded ? "a number from \(short(range.lowerBound)) to \(short(range.upperBound))" : "a number"
    guard let text = plainText, let value = decimal(text), range.contains(value) else { return wrong(expected) }
    return value
  }

  /// A time span with its unit: `500 ms`, `2 s`, `1.5 min`, `1 h`, `30 d`.
  public func duration(in range: ClosedRange<Duration> = .zero ... .seconds(86_400 * 365)) -> Duration? {
    let units: [(name: String, factor: Double)] = [("us", 1e-6), ("ms", 1e-3), ("s", 1), ("min", 60), ("h", 3600), ("d", 86_400)]
    let names = units.map(\.name).joined(separator: ", ")
    guard let seconds = quantity(units), seconds >= 0, seconds < 1e9 else { return wrong("a time such as \"500 ms\" (units: \(names))") }
    let duration = Duration.microseconds(Int64((seconds * 1e6).rounded()))
    guard range.contains(duration) else { return wrong("a time from \(range.lowerBound) to \(range.upperBound) (units: \(names))") }
    return duration
  }

  /// Bytes with their unit: `512 kB`, `256 MB`, `1 GiB`; decimal units are powers of 1000, `KiB`, `MiB`, `GiB` of 1024.
  public func byteCount(in range: ClosedRange<Int> = 0...(1 << 50)) -> Int? {
    let units: [(String, Double)] = [
      ("B", 1), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824),
    ]
    guard let bytes = quantity(units), bytes >= 0, bytes <= Double(1 << 50) else { return wrong("a size such as \"256 MB\"") }
    guard range.contains(Int(bytes)) else { return wrong("a size from \(range.lowerBound) to \(range.upperBound) bytes") }
    return Int(bytes)
  }

  /// Width and height in pixels, `1280x720`.
  public func size(in range: ClosedRange<Int> = 1...16_384) -> (width: Int, height: Int)? {
    let expected = "a size such as \"1280x720\", each side \(range.lowerBound) to \(range.upperBound)"
    guard case .scalar(let scalar) = node.content else { return wrong(expected) }
    let sides = scalar.text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1], range.contains(width), range.contains(height) else {
      return wrong(expected)
    }
    return (width, height)
  }

  /// A number, an optional space, a unit.
  private func quantity(_ units: [(name: String, factor: Double)]) -> Double? {
    guard case .scalar(let scalar) = node.content else { return nil }
    let number = scalar.text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = scalar.text[number.endIndex...].drop { $0 == " " }
    guard let value = decimal(String(number)), let factor = units.first(where: { $0.name == unit })?.factor else { return nil }
    return value * factor
  }

  /// Decimal notation alone: no hexadecimal, no infinity, no "not a number".
  private func decimal(_ text: String) -> Double? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }), let value = Double(text), value.isFinite else {
      return nil
    }
    return value
  }

  private func short(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
