import Tensors

/// What stands outside a grid's ends when it is sampled between its elements.
enum GridPadding: String, Sendable {
  case zeros, border, reflection
}

/// One axis that is sampled at a coordinate: elements and their weights.
struct GridAxis {
  enum Interpolation { case nearest, linear, cubic }

  var extent: Int
  var interpolation: Interpolation
  var padding: GridPadding
  /// Whether ±1 are the middles of the outermost elements, not their outer edges.
  var alignsCorners: Bool

  /// Where reflection turns around.
  private var ends: (lowest: Double, highest: Double) {
    alignsCorners ? (0, Double(extent - 1)) : (-0.5, Double(extent) - 0.5)
  }

  /// - Parameter normalised: −1…1 along the axis; what is not a number lies outside.
  func taps(at normalised: Float) -> [(position: Int, weight: Double)] {
    let scaled = alignsCorners ? (normalised + 1) / 2 * Float(extent - 1) : ((normalised + 1) * Float(extent) - 1) / 2
    var x = scaled.isNaN ? -0x1p30 : Double(min(max(scaled, -0x1p30), 0x1p30))
    if interpolation == .nearest { x = x.rounded(.toNearestOrEven) }
    if x < ends.lowest || x > ends.highest {
      switch padding {
      case .zeros: break
      // As in PyTorch: the curve goes on between border elements.
      case .border where interpolation == .cubic: break
      case .border: x = min(max(x, 0), Double(extent - 1))
      case .reflection: x = reflected(x)
      }
    }
    let base = x.rounded(.down)
    let ratio = x - base
    let weights: [(Int, Double)]
    switch interpolation {
    case .nearest: weights = [(0, 1)]
    case .linear: weights = [(0, 1 - ratio), (1, ratio)]
    case .cubic: weights = (-1...2).map { ($0, Self.cubic(abs(Double($0) - ratio))) }
    }
    return weights.compactMap { offset, weight in position(Int(base) + offset).map { ($0, weight) } }
  }

  /// The element that stands for a place; nil where that is zero.
  private func position(_ place: Int) -> Int? {
    switch padding {
    case .zeros: 0..<extent ~= place ? place : nil
    case .border: min(max(place, 0), extent - 1)
    case .reflection: min(max(Int(reflected(Double(place))), 0), extent - 1)
    }
  }

  private func reflected(_ x: Double) -> Double {
    let (lowest, highest) = ends
    let range = highest - lowest
    guard range > 0 else { return lowest }
    let distance = x < lowest ? lowest - x : x > highest ? x - highest : 0
    guard distance > 0 else { return x }
    let turns = (distance / range).rounded(.down)
    let rest = distance - turns * range
    let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
    return (x < lowest) == isEven ? lowest + rest : highest - rest
  }

  private static func cubic(_ x: Double) -> Double {
    let a = -0.75
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}
