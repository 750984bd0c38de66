import Glibc
import ModelGraph
import Tensors

/// How Resize and Upsample map an output coordinate to the input, along one axis at a time.
struct Resampling: Sendable {
  enum Mode: String, Sendable { case nearest, linear, cubic }

  enum Coordinates: String, Sendable {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
    /// Of a region of the input; what lies outside the input has one value.
    case cropAndResize = "tf_crop_and_resize"
    /// Resize's oldest form had its own name for nearest neighbours.
    case nearestSimple = "tf_half_pixel_for_nn"
  }

  enum Rounding: String, Sendable {
    case preferFloor = "round_prefer_floor"
    case preferCeil = "round_prefer_ceil"
    case floor
    case ceil
  }

  var mode: Mode
  var coordinates: Coordinates
  var rounding: Rounding
  /// Widens linear and cubic kernels where they shrink.
  var antialiases = false
  /// Elements outside the input have no weight; else the border stands for them.
  var excludesOutside = false
  var cubicCoefficient: Float = -0.75
  var extrapolation: Float = 0

  /// One axis to resample.
  struct Axis: Sendable {
    var input: Int
    var output: Int
    var scale: Float
    /// Region of the input, in fractions of its extent.
    var region: (start: Float, end: Float) = (0, 1)

    var changes: Bool { input != output || scale != 1 || region != (0, 1) }

    /// The extent that the scale gives before it is cut to a whole number.
    var resizedLength: Float {
      let exact = scale * Float(input)
      return (exact - Float(output)).magnitude < 1e-3 ? Float(output) : exact
    }
  }

  /// What an output position is made of: input positions and their weights.
  typealias Taps = [(position: Int, weight: Double)]

  /// The most taps that all rows of an axis may have together.
  private static let mostTaps = 1 << 20

  /// A bound for the taps of an output position.
  private func width(_ axis: Axis) -> Double { antialiases ? 2 * (Double(support) / Double(min(axis.scale, 1))) + 2 : 4 }

  /// A bound for the taps of an output position that stand at places of their own.
  func distinctTaps(_ axis: Axis) -> Int {
    guard mode != .nearest else { return 1 }
    // A scale may be anything, even no number.
    let (width, places) = (width(axis), Double(max(axis.input, 1)) + 1)
    return Int(width < places ? max(width, 0) : places)
  }

  /// For each output position its taps; nil where it lies outside the input.
  func rows(_ axis: Axis) throws(OperatorError) -> [Taps?] {
    let width = width(axis)
    guard width * Double(axis.output) <= Double(Self.mostTaps) else { throw OperatorError(.unsupported, "smooths over too many elements") }
    return (0..<axis.output).map { position in
      let coordinate = coordinate(of: position, axis)
      if coordinates == .cropAndResize, !(0...Float(axis.input - 1) ~= coordinate) { return nil }
      return taps(at: coordinate, axis)
    }
  }

  /// Half the width of the kernel, unwidened.
  private var support: Int { mode == .cubic ? 2 : 1 }

  private func taps(at coordinate: Float, _ axis: Axis) -> Taps {
    if mode == .nearest { return [(min(max(rounded(coordinate), 0), axis.input - 1), 1)] }
    let base = coordinate.rounded(.down)
    let ratio = Double(coordinate - base)
    let stretch = antialiases ? Double(min(axis.scale, 1)) : 1
    let first = Int((-Double(support) / stretch).rounded(.down)) + 1
    var taps: Taps = []
    var sum = 0.0
    for offset in first...1 - first {
      let weight = kernel((Double(offset) - ratio) * stretch)
      let position = Int(base) + offset
      guard weight != 0, !excludesOutside || 0..<axis.input ~= position else { continue }
      sum += weight
      let bounded = min(max(position, 0), axis.input - 1)
      if taps.last?.position == bounded { taps[taps.count - 1].weight += weight } else { taps.append((bounded, weight)) }
    }
    return excludesOutside || antialiases ? taps.map { ($0.position, $0.weight / sum) } : taps
  }

  /// R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with its free coefficient; or the triangle.
  private func kernel(_ distance: Double) -> Double {
    let x = abs(distance)
    guard mode == .cubic else { return max(0, 1 - x) }
    let a = Double(cubicCoefficient)
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }

  private func coordinate(of position: Int, _ axis: Axis) -> Float {
    let x = Float(position)
    let (input, scale) = (Float(axis.input), axis.scale)
    switch coordinates {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let adjustment = Float(axis.output) / (scale * input)
      return input / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return axis.output > 1 ? (x + 0.5) / scale - 0.5 : 0
    case .alignCorners: return axis.output > 1 ? x * (input - 1) / (axis.resizedLength - 1) : 0
    case .asymmetric: return x / scale
    case .nearestSimple: return (x + 0.5) / scale
    case .cropAndResize:
      let (start, end) = axis.region
      guard axis.output > 1 else { return (start + end) * (input - 1) / 2 }
      return start * (input - 1) + x * (end - start) * (input - 1) / (axis.resizedLength - 1)
    }
  }

  private func rounded(_ x: Float) -> Int {
    // Beyond every axis, and far from what an Int can't hold.
    let x = min(max(x, -0x1p40), 0x1p40)
    switch rounding {
    case .preferFloor: return Int((x - 0.5).rounded(.up))
    case .preferCeil: return Int((x + 0.5).rounded(.down))
    case .floor: return Int(x.rounded(.down))
    case .ceil: return Int(x.rounded(.up))
    }
  }
}
