public import ModelGraph
public import Tensors

/// Samples an image (or a volume, or a line) at the places that a grid names: x `[N,C,…]`, grid `[N,…,axes]` of coordinates in −1…1, the
/// last axis first.
public struct GridSample: Operator {
  public static let names = ["GridSample"]

  private let interpolation: GridAxis.Interpolation
  private let padding: GridPadding
  private let alignsCorners: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let mode = try description.string("mode", default: "linear")
    switch mode {
    case "nearest": interpolation = .nearest
    case "linear", "bilinear": interpolation = .linear
    case "cubic", "bicubic": interpolation = .cubic
    default: throw OperatorError(.invalid, "attribute 'mode' is '\(mode)'")
    }
    padding = try description.choice("padding_mode", default: "zeros")
    alignsCorners = try description.integer("align_corners", default: 0) != 0
  }

  public var tolerance: Float { 2e-5 }
  public var prefersChannelsLast: Bool { true }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    let grid = try inputs.required(1, "grid").type.dimensions
    guard x.dimensions.count <= 2 + SpatialWindow.mostAxes else {
      throw OperatorError(.unsupported, "samples \(x.dimensions.count - 2) axes; at most \(SpatialWindow.mostAxes) are supported")
    }
    guard x.dimensions.count >= 3, grid.count == x.dimensions.count, grid[0] == x.dimensions[0], grid[grid.count - 1] == x.dimensions.count - 2 else {
      throw OperatorError(.invalid, "grid \(grid) doesn't name places in \(x.dimensions)")
    }
    let dimensions = try checked(Array(x.dimensions[..<2]) + grid[1..<grid.count - 1])
    guard dimensions.contains(0) || !x.dimensions.contains(0) else { throw OperatorError(.invalid, "samples \(x.dimensions), which has no elements") }
    return [TensorType(x.elementType, dimensions)]
  }

  /// Each place is made of so many neighbours along each axis.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let output = try? outputTypes(for: inputs).first?.dimensions else { return EvaluationCost() }
    let neighbours = interpolation == .nearest ? 1 : interpolation == .linear ? 2 : 4
    return EvaluationCost(stepsOf: output + [Int](repeating: neighbours, count: output.count - 2))
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let dimensions = try outputTypes(for: inputs.asInputs)[0].dimensions
    let (x, grid) = (try inputs.required(0, "X"), try inputs.required(1, "grid"))
    let axes = x.dimensions[2...].map { GridAxis(extent: $0, interpolation: interpolation, padding: padding, alignsCorners: alignsCorners) }
    let (source, coordinates) = (x.doubles(), grid.floats())
    let (channels, plane) = (dimensions[1], x.dimensions[2...].elementCount)
    let places = dimensions[2...].elementCount
    var result = [Double](repeating: 0, count: dimensions.elementCount)
    for image in 0..<dimensions[0] {
      for place in 0..<places {
        let point = coordinates[((image * places + place) * axes.count)...].prefix(axes.count).reversed()
        var taps = [(offset: 0, weight: 1.0)]
        for (axis, coordinate) in zip(axes, point) {
          let own = axis.taps(at: coordinate)
          taps = taps.flatMap { tap in own.map { (tap.offset * axis.extent + $0.position, tap.weight * $0.weight) } }
        }
        for channel in image * channels..<(image + 1) * channels {
          result[channel * places + place] = taps.reduce(0) { $0 + $1.weight * source[channel * plane + $1.offset] }
        }
      }
    }
    return [HostTensor(doubles: result, as: x.elementType, dimensions: dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0), let grid = node.input(1) else { throw OperatorError(.invalid, "inputs are missing") }
    let (from, to) = (lowering.dimensions(of: x), lowering.dimensions(of: node.outputs[0]))
    guard from.count == 4, interpolation != .cubic else {
      throw OperatorError(
        .unsupported, "samples \(from.count - 2) axes\(interpolation == .cubic ? " cubically" : "") at run time; images, nearest and linear, are supported")
    }
    for input in [x, grid] { try lowering.requireFloat(input) }
    guard max(from[2], from[3]) < Self.largestExtent else { throw OperatorError(.unsupported, "samples an image of \(from[3])×\(from[2]) elements") }
    let sampling = SamplingLowering(
      interpolation: interpolation, padding: padding, alignsCorners: alignsCorners, batch: from[0], channels: from[1], height: from[2], width: from[3],
      places: to[2] * to[3])
    let image = lowering.operand(x, layout: .channelsLast(rank: 4), as: .plain)
    let places = lowering.operand(grid, layout: .identity(rank: 4), as: .plain)
    let output = lowering.result(node.outputs[0], layout: .channelsLast(rank: 4), as: .plain)
    try sampling.emit(image: image, grid: places, to: output, into: &lowering)
  }

  /// Places are computed in float32, which counts exactly up to here.
  private static let largestExtent = 1 << 23
}
