public import ModelGraph
import Tensors

/// Adds elements around a tensor: a constant, the border repeated, or the inside mirrored; negative pads cut. Attributes before
/// operator set 11, inputs since.
public struct Pad: MovingOperator {
  public static let names = ["Pad"]

  public enum Mode: String, Sendable { case constant, edge, reflect, wrap }

  public var mode: Mode
  public var pads: [Int]?
  public var value: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let name = try description.string("mode", default: "constant")
    guard let mode = Mode(rawValue: name) else { throw OperatorError(.invalid, "attribute 'mode' is '\(name)'") }
    self.mode = mode
    pads = description.opset < 11 ? try description.integers(description.opset < 2 ? "paddings" : "pads") : nil
    value = description.opset < 11 ? try description.float("value", default: 0) : 0
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let type = try inputs.required(0, "data").type
    let dimensions = type.dimensions
    let (begins, ends) = try amounts(inputs, rank: dimensions.count)
    let output = try checked(dimensions.indices.map { dimensions[$0] + begins[$0] + ends[$0] })
    guard !output.contains(0) else { return Movement(outputs: [output], copies: []) }
    if mode == .constant {
      let kept = dimensions.indices.map { dimensions[$0] + min(begins[$0], 0) + min(ends[$0], 0) }
      let copy = BoxCopy.box(kept, from: begins.map { max(-$0, 0) }, to: begins.map { max($0, 0) })
      let fill = try inputs.constant(2, "constant_value") ?? HostTensor([value], dimensions: [])
      guard fill.elementCount == 1 else { throw OperatorError(.invalid, "input 'constant_value' is not a single value") }
      let isCovered = !begins.contains { $0 > 0 } && !ends.contains { $0 > 0 }
      return Movement(outputs: [output], copies: kept.contains { $0 <= 0 } ? [] : [copy], fill: isCovered ? nil : fill.reshaped(to: []))
    }
    guard output.allSatisfy({ $0 <= Self.longestMirroredAxis }) else {
      throw OperatorError(.unsupported, "pads an axis to more than \(Self.longestMirroredAxis) by '\(mode.rawValue)'")
    }
    // What negative pads cut off is no part of what is mirrored.
    let sources = try dimensions.indices.map { (axis) throws(OperatorError) in
      let cut = max(-begins[axis], 0)
      let kept = dimensions[axis] - cut - max(-ends[axis], 0)
      return try Array(0..<output[axis]).map { (index) throws(OperatorError) in try cut + source(index - max(begins[axis], 0), length: kept) }
    }
    let runs = sources.map { IndexRun.runs(of: $0) }
    // No axis has more than 2²⁰ runs, so holding each product to the bound keeps the next from overflowing.
    guard runs.reduce(1, { min($0 * $1.count, Self.mostCopies + 1) }) <= Self.mostCopies else {
      throw OperatorError(.unsupported, "repeats its border too often by '\(mode.rawValue)'")
    }
    return Movement(outputs: [output], copies: Self.copies(runs))
  }

  /// Mirroring is planned element by element and run by run: a few bytes of pads must not ask for gigabytes of plan.
  private static let longestMirroredAxis = 1 << 20
  private static let mostCopies = 4096

  private func amounts(_ inputs: [OperatorInput?], rank: Int) throws(OperatorError) -> (begins: [Int], ends: [Int]) {
    guard let pads = try inputs.integers(1, "pads", unless: pads) else { throw OperatorError(.invalid, "'pads' is missing") }
    let named = self.pads == nil ? try inputs.integers(3, "axes") : nil
    let axes = try (named ?? Array(0..<rank)).map { (axis) throws(OperatorError) in try normalised(axis: axis, rank: rank, "axes") }
    guard pads.count == 2 * axes.count, pads.allSatisfy({ $0.magnitude <= largestElementCount }) else {
      throw OperatorError(.invalid, "'pads' has \(pads.count) entries for \(axes.count) axes, or an impossible one")
    }
    var begins = [Int](repeating: 0, count: rank)
    var ends = begins
    for (position, axis) in axes.enumerated() {
      begins[axis] = pads[position]
      ends[axis] = pads[axes.count + position]
    }
    return (begins, ends)
  }

  /// The element of the input that stands at a place before, inside or behind it.
  private func source(_ index: Int, length: Int) throws(OperatorError) -> Int {
    guard length > 0 else { throw OperatorError(.invalid, "an empty axis can't be padded with its own elements") }
    switch mode {
    case .edge, .constant: return min(max(index, 0), length - 1)
    case .wrap: return (index % length + length) % length
    case .reflect:
      guard length > 1 else { return 0 }
      let period = 2 * (length - 1)
      let folded = (index % period + period) % period
      return folded < length ? folded : period - folded
    }
  }

  /// One copy for each combination of evenly stepping runs of the axes.
  private static func copies(_ runs: [[IndexRun]]) -> [BoxCopy] {
    let blank = BoxCopy(inputStart: [], outputStart: [], loops: [])
    return runs.enumerated().reduce([blank]) { copies, entry in
      let (axis, runs) = entry
      return copies.flatMap { copy in
        runs.map { run in
          var extended = copy
          extended.inputStart.append(run.first)
          extended.outputStart.append(run.position)
          extended.loops.append(.init(run.count, input: (axis, run.step), output: (axis, 1)))
          return extended
        }
      }
    }
  }
}
