import Glibc
public import ModelGraph
public import Tensors

/// Triangular filters `[dft_length ÷ 2 + 1, num_mel_bins]` that turn a spectrum into bands of equal width on the mel scale, `2595 × log10(1 + f ÷
/// 700)`. All five inputs are constants. Edges lie on whole spectrum bins, as ONNX defines them.
public struct MelWeightMatrix: Operator {
  public static let names = ["MelWeightMatrix"]

  public var elementType: ElementType

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let code = try description.integer("output_datatype", default: 1)
    guard let elementType = ElementType(onnxCode: code), elementType != .bool else {
      throw OperatorError(.unsupported, "attribute 'output_datatype' is \(code), a type that is not supported")
    }
    self.elementType = elementType
  }

  /// Bands and spectrum bins.
  private func shape(_ inputs: [OperatorInput?]) throws(OperatorError) -> (bands: Int, bins: Int) {
    guard let bands = try inputs.integers(0, "num_mel_bins")?.first, let length = try inputs.integers(1, "dft_length")?.first else {
      throw OperatorError(.invalid, "needs num_mel_bins and dft_length")
    }
    guard 1...1 << 16 ~= bands, 1...1 << 24 ~= length, bands * (length / 2 + 1) <= 1 << 24 else {
      throw OperatorError(.invalid, "makes \(bands) bands of a transform of \(length)")
    }
    return (bands, length / 2 + 1)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (bands, bins) = try shape(inputs)
    return [TensorType(elementType, [bins, bands])]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let (bands, bins) = try shape(inputs.asInputs)
    guard let rate = try inputs.required(2, "sample_rate").doubles().first, let low = try inputs.required(3, "lower_edge_hertz").doubles().first,
      let high = try inputs.required(4, "upper_edge_hertz").doubles().first, let length = try inputs.required(1, "dft_length").doubles().first
    else { throw OperatorError(.invalid, "needs sample_rate, lower_edge_hertz and upper_edge_hertz") }
    let mel = { (hertz: Double) in 2595 * log10(1 + hertz / 700) }
    let step = (mel(high) - mel(low)) / Double(bands + 2)
    var edges: [Int] = []
    for band in 0..<bands + 2 {
      let hertz = 700 * (pow(10, (Double(band) * step + mel(low)) / 2595) - 1)
      let bin = ((length + 1) * hertz / rate).rounded(.down)
      guard bin.isFinite, 0..<Double(bins) ~= bin else {
        throw OperatorError(.invalid, "the edges \(low) and \(high) Hz don't lie in the spectrum of a rate of \(rate) Hz")
      }
      edges.append(Int(bin))
    }
    var weights = [Double](repeating: 0, count: bins * bands)
    for band in 0..<bands {
      let (lower, centre, upper) = (edges[band], edges[band + 1], edges[band + 2])
      if centre == lower {
        weights[centre * bands + band] = 1
      } else {
        for bin in lower..<max(centre + 1, lower) { weights[bin * bands + band] = Double(bin - lower) / Double(centre - lower) }
      }
      for bin in centre..<max(upper, centre) { weights[bin * bands + band] = Double(upper - bin) / Double(upper - centre) }
    }
    return [HostTensor(doubles: weights, as: elementType, dimensions: [bins, bands])]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
