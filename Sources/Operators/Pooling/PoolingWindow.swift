import ModelFormat
import ModelGraph
import Tensors

/// What maximum and average pools share.
struct PoolingWindow: Sendable {
  var window: SpatialWindow
  var kind: Pooling.Kind
  var countsPadding = false

  func resolved(_ x: [Int]) throws(OperatorError) -> SpatialWindow.Resolved {
    guard let kernel = window.kernel else { throw OperatorError(.invalid, "attribute 'kernel_shape' is missing") }
    guard x.count >= 3 else { throw OperatorError(.invalid, "\(x) has no spatial axes") }
    return try window.resolved(kernel: kernel, input: Array(x[2...]))
  }

  func outputDimensions(_ x: [Int]) throws(OperatorError) -> [Int] {
    let spatial = try resolved(x)
    return try checked([x[0], x[1]] + spatial.output)
  }

  /// Plain evaluation.
  func evaluate(_ x: HostTensor) throws(OperatorError) -> HostTensor {
    try evaluate(x) { [kind, countsPadding] taps, source, base, covered in
      switch kind {
      case .maximum: taps.reduce(-.infinity) { $0.isNaN || source[base + $1.input].isNaN ? .nan : max($0, source[base + $1.input]) }
      case .average: taps.reduce(0) { $0 + source[base + $1.input] } / Double(max(countsPadding ? covered : taps.count, 1))
      }
    }
  }

  /// Elements under a window: offsets within a plane, all elements, the plane's first, and the number that the window covers of input and
  /// declared padding.
  typealias Rule = (_ taps: [(input: Int, kernel: Int)], _ source: [Double], _ base: Int, _ covered: Int) -> Double

  func evaluate(_ x: HostTensor, by rule: Rule) throws(OperatorError) -> HostTensor {
    let spatial = try resolved(x.dimensions)
    let output = try outputDimensions(x.dimensions)
    let (planes, size) = (output[0] * output[1], spatial.output.elementCount)
    let inputPlane = x.dimensions[2...].reduce(1, *)
    let source = x.doubles()
    var result = [Double](repeating: 0, count: planes * size)
    var position = 0
    forEachIndex(spatial.output) { index in
      let taps = spatial.taps(at: index)
      let covered = zip(spatial.axes, index).reduce(1) { $0 * $1.0.coveredCount(at: $1.1) }
      for plane in 0..<planes { result[plane * size + position] = rule(taps, source, plane * inputPlane, covered) }
      position += 1
    }
    return HostTensor(doubles: result, as: x.elementType, dimensions: output)
  }
}
