public import ModelGraph
public import Tensors

/// Samples regions of a feature map into grids of one size: x `[N,C,H,W]`, regions `[count,4]` as x1, y1, x2, y2, and the image of each
/// region. (K. He et al., "Mask R-CNN", 2017.) With `max`, a cell is the greatest of its samples' weighted neighbours, as ONNX has it.
public struct RoiAlign: Operator {
  public static let names = ["RoiAlign"]

  private let takesMaximum: Bool
  private let isHalfPixel: Bool
  private let outputHeight: Int
  private let outputWidth: Int
  private let samplingRatio: Int
  private let scale: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let mode = try description.string("mode", default: "avg")
    guard mode == "avg" || mode == "max" else { throw OperatorError(.invalid, "attribute 'mode' is '\(mode)'") }
    takesMaximum = mode == "max"
    let coordinates = try description.string("coordinate_transformation_mode", default: description.opset < 16 ? "output_half_pixel" : "half_pixel")
    guard coordinates == "half_pixel" || coordinates == "output_half_pixel" else {
      throw OperatorError(.invalid, "attribute 'coordinate_transformation_mode' is '\(coordinates)'")
    }
    isHalfPixel = coordinates == "half_pixel"
    outputHeight = Int(try description.integer("output_height", default: 1))
    outputWidth = Int(try description.integer("output_width", default: 1))
    samplingRatio = Int(try description.integer("sampling_ratio", default: 0))
    scale = try description.float("spatial_scale", default: 1)
    guard 1...65536 ~= outputHeight, 1...65536 ~= outputWidth, 0...65536 ~= samplingRatio, scale.isFinite else {
      throw OperatorError(.invalid, "output_height, output_width, sampling_ratio or spatial_scale is out of range")
    }
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    let regions = try inputs.required(1, "rois").type.dimensions
    let images = try inputs.indices(2, "batch_indices").type.dimensions
    guard x.dimensions.count == 4, !x.dimensions.contains(0), regions.count == 2, regions[1] == 4, images == [regions[0]] else {
      throw OperatorError(.invalid, "regions \(regions) with images \(images) don't fit \(x.dimensions)")
    }
    return [TensorType(x.elementType, try checked([regions[0], x.dimensions[1], outputHeight, outputWidth]))]
  }

  /// Samples that one region may take, and those along one of its axes: a region's own size decides where `sampling_ratio` doesn't.
  private static let mostSamples = 1 << 24
  private static let mostAxisSamples = 1 << 20

  /// A region whose own size decides takes its share of all samples that regions may take.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let x = inputs.dimensions(0), x.count == 4, let rois = inputs.count > 1 ? inputs[1] : nil, let count = rois.type.dimensions.first else {
      return EvaluationCost()
    }
    guard samplingRatio == 0 else {
      return EvaluationCost(stepsOf: [count, x[1], outputHeight, outputWidth, samplingRatio, samplingRatio, 4])
    }
    guard let regions = rois.constant?.doubles(), regions.count % 4 == 0, regions.count / 4 == count else {
      return EvaluationCost(stepsOf: [count, x[1], Self.mostSamples, 4])
    }
    let samples = (0..<count).reduce(0.0) { sum, region in
      let (rows, columns) = bins(regions, region, extents: x)
      let own = max(rows.samples, 0) * max(columns.samples, 0)
      return sum + (own <= Double(Self.mostSamples) ? own : 0)
    }
    return EvaluationCost(stepsOf: [Int(min(samples, 0x1p60)), x[1], 4])
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let dimensions = try outputTypes(for: inputs.asInputs)[0].dimensions
    let x = try inputs.required(0, "X")
    let regions = try inputs.required(1, "rois").doubles()
    let images = try inputs.required(2, "batch_indices").positions(along: x.dimensions[0], "batch_indices")
    let source = x.doubles()
    let (channels, plane) = (dimensions[1], x.dimensions[2] * x.dimensions[3])
    var result: [Double] = []
    result.reserveCapacity(dimensions.elementCount)
    for (region, image) in images.enumerated() {
      let (rows, columns) = bins(regions, region, extents: x.dimensions)
      guard rows.isFinite, columns.isFinite else { throw OperatorError(.invalid, "region \(region) is not finite") }
      // Each axis first: a region without rows may have more columns than an integer holds.
      guard max(rows.samples, columns.samples) <= Double(Self.mostAxisSamples), rows.samples * columns.samples <= Double(Self.mostSamples) else {
        throw OperatorError(.unsupported, "region \(region) takes too many samples")
      }
      let (rowTaps, columnTaps) = (rows.taps(), columns.taps())
      for channel in 0..<channels {
        let base = (image * channels + channel) * plane
        for row in rowTaps {
          for column in columnTaps { result.append(cell(row, column, source, base: base, width: x.dimensions[3])) }
        }
      }
    }
    return [HostTensor(doubles: result, as: x.elementType, dimensions: dimensions)]
  }

  private func bins(_ regions: [Double], _ region: Int, extents x: [Int]) -> (rows: Bins, columns: Bins) {
    let corners = (0..<4).map { regions[4 * region + $0] * Double(scale) - (isHalfPixel ? 0.5 : 0) }
    return (
      Bins(corners[1], corners[3], count: outputHeight, extent: x[2], self), Bins(corners[0], corners[2], count: outputWidth, extent: x[3], self)
    )
  }

  private func cell(_ rows: [Bins.Taps], _ columns: [Bins.Taps], _ source: [Double], base: Int, width: Int) -> Double {
    var values: [Double] = []
    for row in rows {
      for column in columns {
        let parts = row.flatMap { y in column.map { y.weight * $0.weight * source[base + y.position * width + $0.position] } }
        values.append(takesMaximum ? parts.max() ?? 0 : parts.reduce(0, +))
      }
    }
    return takesMaximum ? values.max() ?? 0 : values.reduce(0, +) / Double(max(values.count, 1))
  }

  /// A region along one axis, cut into bins of samples.
  private struct Bins {
    typealias Taps = [(position: Int, weight: Double)]

    let start: Double
    let size: Double
    let count: Int
    let extent: Int
    let perBin: Double
    var samples: Double { perBin * Double(count) }
    var isFinite: Bool { start.isFinite && size.isFinite }

    init(_ start: Double, _ end: Double, count: Int, extent: Int, _ owner: RoiAlign) {
      self.start = start
      let length = owner.isHalfPixel ? end - start : max(end - start, 1)
      size = length / Double(count)
      (self.count, self.extent) = (count, extent)
      perBin = owner.samplingRatio > 0 ? Double(owner.samplingRatio) : max(size.rounded(.up), 0)
    }

    /// For each bin its samples, each between two elements at most; none where it lies outside.
    func taps() -> [[Taps]] {
      (0..<count).map { bin in
        (0..<Int(perBin)).map { sample in taps(at: start + Double(bin) * size + (Double(sample) + 0.5) * size / perBin) }
      }
    }

    private func taps(at place: Double) -> Taps {
      guard place >= -1, place <= Double(extent) else { return [] }
      let bounded = max(place, 0)
      guard Int(bounded) < extent - 1 else { return [(extent - 1, 1)] }
      let fraction = bounded - bounded.rounded(.down)
      return [(Int(bounded), 1 - fraction), (Int(bounded) + 1, fraction)]
    }
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    throw OperatorError(.unsupported, "samples regions that only exist at run time, which has no instruction")
  }
}
