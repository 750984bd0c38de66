public import ModelGraph

/// Takes every n-th element of a range of each axis, forward or backward; the ranges are attributes before operator set 10, inputs since.
public struct Slice: MovingOperator {
  public static let names = ["Slice"]

  private var ranges: (starts: [Int], ends: [Int], axes: [Int]?)?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    guard description.opset < 10 else { return }
    guard let starts = try description.integers("starts"), let ends = try description.integers("ends") else {
      throw OperatorError(.invalid, "attributes 'starts' and 'ends' are missing")
    }
    ranges = (starts, ends, try description.integers("axes"))
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "data").type.dimensions
    guard let starts = try inputs.integers(1, "starts", unless: ranges?.starts), let ends = try inputs.integers(2, "ends", unless: ranges?.ends) else {
      throw OperatorError(.invalid, "inputs 'starts' and 'ends' are missing")
    }
    let given = ranges == nil ? try inputs.integers(3, "axes") : ranges?.axes
    let axes = given ?? Array(starts.indices)
    let steps = try (ranges == nil ? inputs.integers(4, "steps") : nil) ?? [Int](repeating: 1, count: starts.count)
    guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count else {
      throw OperatorError(.invalid, "'starts', 'ends', 'axes' and 'steps' have different lengths")
    }
    _ = try normalised(axes: axes, rank: dimensions.count)
    var extents = dimensions
    var origin = [Int](repeating: 0, count: dimensions.count)
    var strides = [Int](repeating: 1, count: dimensions.count)
    for index in axes.indices {
      let axis = try normalised(axis: axes[index], rank: dimensions.count)
      (origin[axis], extents[axis]) = try Self.range(starts[index], ends[index], step: steps[index], length: dimensions[axis])
      strides[axis] = steps[index]
    }
    let loops = extents.indices.map { BoxCopy.Loop(extents[$0], input: ($0, strides[$0]), output: ($0, 1)) }
    let copy = BoxCopy(inputStart: origin, outputStart: [Int](repeating: 0, count: extents.count), loops: loops)
    return Movement(outputs: [extents], copies: extents.contains(0) ? [] : [copy])
  }

  /// First element and count, by ONNX's rules: negative ends count from the back, everything is bounded to the axis.
  private static func range(_ start: Int, _ end: Int, step: Int, length: Int) throws(OperatorError) -> (first: Int, count: Int) {
    guard step != 0, step > Int(Int32.min), step < Int(Int32.max) else { throw OperatorError(.invalid, "a step is \(step)") }
    let (lowest, highest) = step > 0 ? (0, length) : (-1, length - 1)
    let bound = { (value: Int) in min(max(value < 0 ? value + length : value, lowest), highest) }
    let first = step > 0 ? bound(start) : min(max(start < 0 ? start + length : start, 0), max(length - 1, 0))
    let last = bound(end)
    let distance = step > 0 ? last - first : first - last
    return distance <= 0 || length == 0 ? (0, 0) : (first, (distance + abs(step) - 1) / abs(step))
  }
}
