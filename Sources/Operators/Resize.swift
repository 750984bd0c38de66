public import ModelGraph
import Tensors

/// Resizes by scales or to sizes, nearest or linear, under ONNX's coordinate conventions. Operator set 10 has the scales as
/// second input; 11 and later x, region, scales, sizes.
public struct Resize: ResamplingOperator {
  public static let names = ["Resize"]

  let resampling: Resampling
  private let opset: Int
  private let axes: [Int]?
  private let policy: String

  public init(_ description: OperatorDescription) throws(OperatorError) {
    opset = description.opset
    let modeName = try description.string("mode", default: "nearest")
    guard let mode = Resampling.Mode(rawValue: modeName) else {
      throw OperatorError(.unsupported, "attribute 'mode' is '\(modeName)'; 'nearest' and 'linear' are supported")
    }
    let coordinateName = try description.string("coordinate_transformation_mode", default: opset < 11 ? "asymmetric" : "half_pixel")
    guard let coordinates = Resampling.Coordinates(rawValue: coordinateName) else {
      throw OperatorError(.unsupported, "attribute 'coordinate_transformation_mode' is '\(coordinateName)'")
    }
    let roundingName = try description.string("nearest_mode", default: opset < 11 ? "floor" : "round_prefer_floor")
    guard let rounding = Resampling.Rounding(rawValue: roundingName) else { throw OperatorError(.invalid, "attribute 'nearest_mode' is '\(roundingName)'") }
    guard try description.integer("antialias", default: 0) == 0 else { throw OperatorError(.unsupported, "attribute 'antialias' is set") }
    resampling = Resampling(mode: mode, coordinates: coordinates, rounding: rounding)
    axes = try description.integers("axes")
    policy = try description.string("keep_aspect_ratio_policy", default: "stretch")
  }

  func target(for inputs: [OperatorInput?]) throws(OperatorError) -> (dimensions: [Int], scales: [Float]) {
    let x = try inputs.required(0, "X").type.dimensions
    let axes = try (self.axes ?? Array(x.indices)).map { (axis) throws(OperatorError) in try normalised(axis: axis, rank: x.count, "axes") }
    if let scales = try inputs.constant(opset < 11 ? 1 : 2, "scales"), scales.elementCount > 0 {
      return try Self.target(x, axes: axes, scales: scales.floats())
    }
    guard opset >= 11, let sizes = try inputs.integers(3, "sizes"), sizes.count == axes.count else {
      throw OperatorError(.invalid, "'scales' and 'sizes' are missing or don't fit \(axes.count) axes")
    }
    guard policy == "stretch" else { throw OperatorError(.unsupported, "attribute 'keep_aspect_ratio_policy' is '\(policy)'; 'stretch' is supported") }
    var dimensions = x
    for (axis, size) in zip(axes, sizes) { dimensions[axis] = size }
    return (dimensions, zip(x, dimensions).map { $0 == 0 ? 1 : Float($1) / Float($0) })
  }

  static func target(_ x: [Int], axes: [Int], scales given: [Float]) throws(OperatorError) -> (dimensions: [Int], scales: [Float]) {
    guard given.count == axes.count, given.allSatisfy({ $0 > 0 && $0 <= 65536 }) else {
      throw OperatorError(.invalid, "'scales' \(given) don't fit \(axes.count) axes")
    }
    var scales = [Float](repeating: 1, count: x.count)
    for (axis, scale) in zip(axes, given) { scales[axis] = scale }
    guard x.allSatisfy({ $0 <= largestElementCount }) else { throw OperatorError(.invalid, "\(x) is too large to resize") }
    return (zip(x, scales).map { Int((Float($0) * $1).rounded(.down)) }, scales)
  }
}
