public import ModelGraph
import Tensors

/// Resizes by scales or to sizes, nearest, linear or cubic, under ONNX's coordinate conventions. Operator set 10 has the scales as second
/// input; 11 and later x, region, scales, sizes.
public struct Resize: ResamplingOperator {
  public static let names = ["Resize"]

  private enum AspectRatio: String {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  let resampling: Resampling
  private let opset: Int
  private let axes: [Int]?
  private let aspectRatio: AspectRatio

  public init(_ description: OperatorDescription) throws(OperatorError) {
    opset = description.opset
    let mode: Resampling.Mode = try description.choice("mode", default: "nearest")
    let coordinates: Resampling.Coordinates = try description.choice("coordinate_transformation_mode", default: opset < 11 ? "asymmetric" : "half_pixel")
    let rounding: Resampling.Rounding = try description.choice("nearest_mode", default: opset < 11 ? "floor" : "round_prefer_floor")
    var resampling = Resampling(mode: mode, coordinates: coordinates, rounding: rounding)
    resampling.antialiases = try description.integer("antialias", default: 0) != 0 && mode != .nearest
    resampling.excludesOutside = try description.integer("exclude_outside", default: 0) != 0
    resampling.cubicCoefficient = try description.float("cubic_coeff_a", default: -0.75)
    resampling.extrapolation = try description.float("extrapolation_value", default: 0)
    guard resampling.cubicCoefficient.magnitude <= 1024 else {
      throw OperatorError(.invalid, "attribute 'cubic_coeff_a' is \(resampling.cubicCoefficient)")
    }
    self.resampling = resampling
    axes = try description.integers("axes")
    aspectRatio = try description.choice("keep_aspect_ratio_policy", default: "stretch")
  }

  func axes(for inputs: [OperatorInput?]) throws(OperatorError) -> [Resampling.Axis] {
    let x = try inputs.required(0, "X").type.dimensions
    let named = axes ?? Array(x.indices)
    _ = try normalised(axes: named, rank: x.count)
    let axes = try named.map { (axis) throws(OperatorError) in try normalised(axis: axis, rank: x.count, "axes") }
    var result = try scaled(x, axes, inputs)
    if resampling.coordinates == .cropAndResize {
      guard let region = try inputs.constant(1, "roi")?.floats(), region.count == 2 * axes.count, region.allSatisfy(\.isFinite) else {
        throw OperatorError(.invalid, "input 'roi' is missing or doesn't fit \(axes.count) axes")
      }
      for (index, axis) in axes.enumerated() { result[axis].region = (region[index], region[axes.count + index]) }
    }
    return result
  }

  private func scaled(_ x: [Int], _ axes: [Int], _ inputs: [OperatorInput?]) throws(OperatorError) -> [Resampling.Axis] {
    if let scales = try inputs.constant(opset < 11 ? 1 : 2, "scales"), scales.elementCount > 0 {
      return try Resampling.axes(x, axes, scales: scales.floats())
    }
    guard opset >= 11, let sizes = try inputs.integers(3, "sizes"), sizes.count == axes.count, sizes.allSatisfy({ 0...largestElementCount ~= $0 }) else {
      throw OperatorError(.invalid, "'scales' and 'sizes' are missing or don't fit \(axes.count) axes")
    }
    var result = x.map { Resampling.Axis(input: $0, output: $0, scale: 1) }
    let scales = zip(axes, sizes).map { x[$0] == 0 ? 1 : Float($1) / Float(x[$0]) }
    let common = aspectRatio == .notLarger ? scales.min() : scales.max()
    for (index, axis) in axes.enumerated() {
      if aspectRatio == .stretch {
        result[axis] = .init(input: x[axis], output: sizes[index], scale: scales[index])
      } else if let common {
        let length = Double(common) * Double(x[axis]) + 0.5
        guard length <= Double(largestElementCount) else { throw OperatorError(.invalid, "'sizes' \(sizes) stretch \(x) too far") }
        result[axis] = .init(input: x[axis], output: Int(length), scale: common)
      }
    }
    return result
  }
}

extension Resampling {
  /// Each axis under its scale, the others as they are.
  static func axes(_ x: [Int], _ axes: [Int], scales: [Float]) throws(OperatorError) -> [Axis] {
    guard scales.count == axes.count, scales.allSatisfy({ $0 > 0 && $0 <= 65536 }) else {
      throw OperatorError(.invalid, "'scales' \(scales) don't fit \(axes.count) axes")
    }
    guard x.allSatisfy({ $0 <= largestElementCount }) else { throw OperatorError(.invalid, "\(x) is too large to resize") }
    var result = x.map { Axis(input: $0, output: $0, scale: 1) }
    for (axis, scale) in zip(axes, scales) {
      result[axis] = Axis(input: x[axis], output: Int((Float(x[axis]) * scale).rounded(.down)), scale: scale)
    }
    return result
  }
}

extension OperatorDescription {
  /// A string attribute that names one of few choices.
  func choice<Choice: RawRepresentable<String>>(_ name: String, default fallback: String) throws(OperatorError) -> Choice {
    let value = try string(name, default: fallback)
    guard let choice = Choice(rawValue: value) else { throw OperatorError(.invalid, "attribute '\(name)' is '\(value)'") }
    return choice
  }
}
