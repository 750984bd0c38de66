import Glibc
import ModelGraph
import Tensors

/// How Resize and Upsample map an output coordinate to the input, along one axis at a time.
struct Resampling: Sendable {
  enum Mode: String, Sendable { case nearest, linear }

  enum Coordinates: String, Sendable {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
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

  /// For each output position two source positions and the weight of the second.
  struct Table {
    var first: [Int] = []
    var second: [Int] = []
    var fractions: [Float] = []

    /// Whether each output is one source, unmixed.
    var isExact: Bool { fractions.allSatisfy { $0 == 0 } }
  }

  func table(input: Int, output: Int, scale: Float) -> Table {
    var table = Table()
    for position in 0..<output {
      let coordinate = coordinate(of: position, input: input, output: output, scale: scale)
      switch mode {
      case .nearest:
        let source = min(max(rounded(coordinate), 0), input - 1)
        table.first.append(source)
        table.second.append(source)
        table.fractions.append(0)
      case .linear:
        let bounded = min(max(coordinate, 0), Float(input - 1))
        let first = Int(bounded)
        table.first.append(first)
        table.second.append(min(first + 1, input - 1))
        table.fractions.append(first == input - 1 ? 0 : bounded - Float(first))
      }
    }
    return table
  }

  private func coordinate(of position: Int, input: Int, output: Int, scale: Float) -> Float {
    let x = Float(position)
    switch coordinates {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let adjustment = Float(output) / (scale * Float(input))
      let centre = Float(input) / 2
      return centre * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return output > 1 ? (x + 0.5) / scale - 0.5 : 0
    case .alignCorners: return output > 1 ? x * Float(input - 1) / Float(output - 1) : 0
    case .asymmetric: return x / scale
    }
  }

  private func rounded(_ x: Float) -> Int {
    switch rounding {
    case .preferFloor: Int((x - 0.5).rounded(.up))
    case .preferCeil: Int((x + 0.5).rounded(.down))
    case .floor: Int(x.rounded(.down))
    case .ceil: Int(x.rounded(.up))
    }
  }
}
