public import ModelGraph
import Tensors

/// Resize's older form: scales are attributes before operator set 9 (height and width only in the first), an input in 9.
public struct Upsample: ResamplingOperator {
  public static let names = ["Upsample"]

  let resampling: Resampling
  private let scales: [Float]?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let modeName = try description.string("mode", default: "nearest")
    guard let mode = Resampling.Mode(rawValue: modeName == "bilinear" ? "linear" : modeName), mode != .cubic else {
      throw OperatorError(.unsupported, "attribute 'mode' is '\(modeName)'; 'nearest' and 'linear' are supported")
    }
    resampling = Resampling(mode: mode, coordinates: .asymmetric, rounding: .floor)
    if description.attributes["height_scale"] != nil || description.attributes["width_scale"] != nil {
      scales = [1, 1, try description.float("height_scale", default: 1), try description.float("width_scale", default: 1)]
    } else {
      scales = try description.floats("scales")
    }
  }

  func axes(for inputs: [OperatorInput?]) throws(OperatorError) -> [Resampling.Axis] {
    let x = try inputs.required(0, "X").type.dimensions
    var given = scales
    if given == nil { given = try inputs.constant(1, "scales")?.floats() }
    guard let given else { throw OperatorError(.invalid, "'scales' is missing") }
    return try Resampling.axes(x, Array(x.indices), scales: given)
  }
}
