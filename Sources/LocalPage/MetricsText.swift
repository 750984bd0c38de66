/// Prometheus' text format, version 0.0.4: families in the order they are begun, each with its help and type, its samples behind.
public struct MetricsText: Sendable {
  /// What a response says it is.
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  public enum Kind: String, Sendable { case counter, gauge, histogram }

  public typealias Label = (name: String, value: String)

  public private(set) var bytes: [UInt8] = []
  private var family: (name: String, kind: Kind)?
  private var isBegun = false
  private var help = ""

  public init() { bytes.reserveCapacity(16_384) }

  /// Begins a family; without samples nothing is written of it.
  ///
  /// - Precondition: letters, digits and underscores; a counter's name ends in `_total`, and no other's.
  public mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    precondition(name.hasSuffix("_total") == (kind == .counter))
    (family, isBegun, self.help) = ((name, kind), false, help)
  }

  public mutating func sample(_ value: Double) { write("", [], value) }
  public mutating func sample(_ value: some BinaryInteger) { write("", [], Double(value)) }
  public mutating func sample(_ labels: [Label], _ value: Double) { write("", labels, value) }
  public mutating func sample(_ labels: [Label], _ value: some BinaryInteger) { write("", labels, Double(value)) }

  /// - Parameters:
  ///   - bounds: upper bounds of buckets, in ascending order, without infinity.
  ///   - counts: of each bucket by itself, and one more for what lies above the last bound.
  public mutating func histogram(_ labels: [Label], bounds: [Double], counts: [UInt64], sum: Double) {
    precondition(counts.count == bounds.count + 1)
    var total: UInt64 = 0
    for (index, count) in counts.enumerated() {
      total += count
      let bound = index < bounds.count ? Self.text(of: bounds[index]) : "+Inf"
      write("_bucket", labels + [("le", bound)], Double(total))
    }
    write("_sum", labels, sum)
    write("_count", labels, Double(total))
  }

  private mutating func write(_ ending: String, _ labels: [Label], _ value: Double) {
    guard let family else { preconditionFailure("a sample without a family") }
    if !isBegun {
      isBegun = true
      append("# HELP \(family.name) \(Self.escaped(help, quotes: false))\n# TYPE \(family.name) \(family.kind.rawValue)\n")
    }
    append(family.name + ending)
    if !labels.isEmpty { append("{\(labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined(separator: ","))}") }
    append(" \(Self.text(of: value))\n")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Scalar by scalar: what looks like one character may be a carriage return and a line feed.
  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func text(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return value == value.rounded() && abs(value) < 9e15 ? "\(Int64(value))" : "\(value)"
  }
}
