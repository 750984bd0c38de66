public import ModelGraph
public import Tensors

/// The maxima of regions' cells: x `[N,C,H,W]`, regions `[count,5]` as image, x1, y1, x2, y2. (R. Girshick, "Fast R-CNN", 2015.)
public struct MaxRoiPool: Operator {
  public static let names = ["MaxRoiPool"]

  private let shape: [Int]
  private let scale: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    guard let shape = try description.integers("pooled_shape"), shape.count == 2, shape.allSatisfy({ 1...65536 ~= $0 }) else {
      throw OperatorError(.invalid, "attribute 'pooled_shape' is missing or not two positive numbers")
    }
    self.shape = shape
    scale = try description.float("spatial_scale", default: 1)
    guard scale.isFinite else { throw OperatorError(.invalid, "attribute 'spatial_scale' is \(scale)") }
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    let regions = try inputs.required(1, "rois").type.dimensions
    guard x.dimensions.count == 4, !x.dimensions.contains(0), regions.count == 2, regions[1] == 5 else {
      throw OperatorError(.invalid, "regions \(regions) don't fit \(x.dimensions)")
    }
    return [TensorType(x.elementType, try checked([regions[0], x.dimensions[1]] + shape))]
  }

  /// The cells of a region cover an image at most, and share a row and a column with each neighbour.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let x = inputs.dimensions(0), x.count == 4, let regions = inputs.dimensions(1)?.first else { return EvaluationCost() }
    return EvaluationCost(stepsOf: [regions, x[1], x[2] + 2 * shape[0], x[3] + 2 * shape[1]])
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let dimensions = try outputTypes(for: inputs.asInputs)[0].dimensions
    let x = try inputs.required(0, "X")
    let (source, regions) = (x.doubles(), try inputs.required(1, "rois").floats())
    let (height, width) = (x.dimensions[2], x.dimensions[3])
    var result: [Double] = []
    result.reserveCapacity(dimensions.elementCount)
    for region in 0..<dimensions[0] {
      let values = regions[5 * region..<5 * region + 5].map { $0 }
      guard values.allSatisfy(\.isFinite), 0..<Float(x.dimensions[0]) ~= values[0] else { throw OperatorError(.invalid, "region \(region) is \(values)") }
      let corners = values[1...].map { Double(min(max(($0 * scale).rounded(), -0x1p30), 0x1p30)) }
      let rows = Self.bins(corners[1], corners[3], count: shape[0], extent: height)
      let columns = Self.bins(corners[0], corners[2], count: shape[1], extent: width)
      for channel in 0..<dimensions[1] {
        let base = (Int(values[0]) * dimensions[1] + channel) * height * width
        for row in rows {
          for column in columns {
            let cell = row.flatMap { y in column.map { source[base + y * width + $0] } }
            result.append(cell.max() ?? 0)
          }
        }
      }
    }
    return [HostTensor(doubles: result, as: x.elementType, dimensions: dimensions)]
  }

  /// The elements of each cell along one axis; a region has one element at least.
  private static func bins(_ start: Double, _ end: Double, count: Int, extent: Int) -> [Range<Int>] {
    let size = max(end - start + 1, 1) / Double(count)
    let bound = { (place: Double) in Int(min(max(place + start, 0), Double(extent))) }
    return (0..<count).map { bin in
      let first = bound((Double(bin) * size).rounded(.down))
      return first..<max(first, bound((Double(bin + 1) * size).rounded(.up)))
    }
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    throw OperatorError(.unsupported, "pools regions that only exist at run time, which has no instruction")
  }
}
