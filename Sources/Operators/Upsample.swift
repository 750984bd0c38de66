public import ModelGraph
import Tensors

/// Resize's older form: scales are an attribute in operator sets 7 and 8, an input in 9.
public struct Upsample: ResamplingOperator {
  public static let names = ["Upsample"]

  let resampling: Resampling
  private let scales: [Float]?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let modeName = try description.string("mode", default: "nearest")
    guard let mode = Resampling.Mode(rawValue: modeName == "bilinear" ? "linear" : modeName) else {
      throw OperatorError(.unsupported, "attribute 'mode' is '\(modeName)'; 'nearest' and 'linear' are supported")
    }
    resampling = Resampling(mode: mode, coordinates: .asymmetric, rounding: .floor)
    scales = try description.floats("scales")
  }

  func target(for inputs: [OperatorInput?]) throws(OperatorError) -> (dimensions: [Int], scales: [Float]) {
    let x = try inputs.required(0, "X").type.dimensions
    var given = scales
    if given == nil { given = try inputs.constant(1, "scales")?.floats() }
    guard let given else { throw OperatorError(.invalid, "'scales' is missing") }
    return try Resize.target(x, axes: Array(x.indices), scales: given)
  }
}
