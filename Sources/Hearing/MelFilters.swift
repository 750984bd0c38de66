import Glibc
import ModelManifest

/// Triangles over the frequencies of a spectrum, evenly spaced on a mel scale, each kept as the few bins that it covers.
struct MelFilters {
  private struct Filter {
    var firstBin: Int
    var weights: [Double]
  }

  private let filters: [Filter]

  /// - Parameter transform: points of the Fourier transform, whose bins 0…transform ÷ 2 are weighed.
  init(bands: Int, scale: SoundInput.MelScale, transform: Int, sampleRate: Int, lowest: Double, highest: Double) {
    let (from, to) = (Self.mel(lowest, scale), Self.mel(highest, scale))
    let edges = (0..<bands + 2).map { from + (to - from) * Double($0) / Double(bands + 1) }
    let frequencies = (0...transform / 2).map { Double($0) * Double(sampleRate) / Double(transform) }
    // Slaney's triangles are straight over hertz, O'Shaughnessy's over mel.
    let corners = scale == .slaney ? edges.map(Self.slaneyHertz) : edges
    let bins = scale == .slaney ? frequencies : frequencies.map { Self.mel($0, scale) }
    filters = (0..<bands).map { band in
      let (left, centre, right) = (corners[band], corners[band + 1], corners[band + 2])
      var weights = bins.map { max(0, min(($0 - left) / (centre - left), (right - $0) / (right - centre))) }
      switch scale {
      case .slaney: for bin in weights.indices { weights[bin] *= 2 / (right - left) }
      // The constant term counts for nothing.
      case .htk: weights[0] = 0
      }
      let first = weights.firstIndex { $0 > 0 } ?? 0
      let end = (weights.lastIndex { $0 > 0 } ?? first) + 1
      return Filter(firstBin: first, weights: Array(weights[first..<end]))
    }
  }

  /// Writes each band's weighted sum.
  func apply(to spectrum: [Double], into bands: inout [Double]) {
    for band in filters.indices {
      var sum = 0.0
      let first = filters[band].firstBin
      for position in filters[band].weights.indices { sum += filters[band].weights[position] * spectrum[first + position] }
      bands[band] = sum
    }
  }

  private static let slaneyStep = log(6.4) / 27

  private static func mel(_ hertz: Double, _ scale: SoundInput.MelScale) -> Double {
    switch scale {
    case .slaney: hertz < 1000 ? hertz * 3 / 200 : 15 + log(hertz / 1000) / slaneyStep
    case .htk: 2595 * log10(1 + hertz / 700)
    }
  }

  private static func slaneyHertz(_ mel: Double) -> Double { mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * slaneyStep) }
}
