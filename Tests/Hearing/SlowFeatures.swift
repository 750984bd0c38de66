import Foundation
import ModelManifest

/// The front end once more, as its definition reads: each Fourier sum in full, nothing kept, nothing shared.
struct SlowFeatures {
  let input: SoundInput

  /// Frame by frame, before the axes' order.
  func values(_ samples: [Float]) -> [[Double]] {
    let level = input.level == .peak ? Double(samples.max()!) : 1
    var x = samples.map { Double($0) / level }
    if input.frames > 0 {
      let count = input.isCentred ? input.hop * input.frames : (input.frames - 1) * input.hop + input.window
      let first = input.alignment == .loudest ? loudest(x) - count / 2 : 0
      x = (first..<first + count).map { x.indices.contains($0) ? x[$0] : 0 }
    }
    x = x.indices.map { $0 == 0 ? x[0] : x[$0] - Double(input.preEmphasis) * x[$0 - 1] }
    let count = input.frames > 0 ? input.frames : input.isCentred ? x.count / input.hop + 1 : (x.count - input.window) / input.hop + 1
    var frames = (0..<count).map { frame(x, $0) }
    switch input.normalisation {
    case .none: break
    case .clip:
      let (mean, deviation) = moments(frames.flatMap { $0 })
      frames = frames.map { $0.map { ($0 - mean) / max(deviation, 1e-3) } }
    case .decades:
      let greatest = frames.flatMap { $0 }.max()! / log(10)
      frames = frames.map { $0.map { (max($0 / log(10), greatest - 8) + 4) / 4 } }
    case .band:
      for band in frames[0].indices {
        let (mean, deviation) = moments(frames.map { $0[band] })
        for index in frames.indices { frames[index][band] = (frames[index][band] - mean) / (deviation + 1e-5) }
      }
    }
    return frames
  }

  private func moments(_ values: [Double]) -> (Double, Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot())
  }

  private func loudest(_ x: [Double]) -> Int {
    let width = input.sampleRate / 40
    let energies = x.indices.map { at in (at - width / 2..<at - width / 2 + width).reduce(0) { $0 + (x.indices.contains($1) ? x[$1] * x[$1] : 0) } }
    return energies.firstIndex(of: energies.max()!)!
  }

  private func frame(_ x: [Double], _ index: Int) -> [Double] {
    let start = index * input.hop - (input.isCentred ? input.window / 2 : 0)
    let windowed = (0..<input.window).map { position -> Double in
      var at = start + position
      while !x.indices.contains(at) { at = at < 0 ? -at : 2 * (x.count - 1) - at }
      return x[at] * (0.5 - 0.5 * cos(2 * .pi * Double(position) / Double(input.window)))
    }
    let angles = (0..<input.transform).map { 2 * Double.pi * Double($0) / Double(input.transform) }
    let (cosines, sines) = (angles.map { cos($0) }, angles.map { sin($0) })
    let spectrum = (0...input.transform / 2).map { bin -> Double in
      var (real, imaginary) = (0.0, 0.0)
      for (position, value) in windowed.enumerated() {
        real += value * cosines[bin * position % input.transform]
        imaginary -= value * sines[bin * position % input.transform]
      }
      let power = real * real + imaginary * imaginary
      return input.spectrum == .power ? power : power.squareRoot()
    }
    let logs = (0..<input.bands).map { band in log(max(weigh(spectrum, band), Double(input.logFloor ?? 0)) + Double(input.logOffset)) }
    guard input.features == .mfcc else { return logs }
    return (0..<input.coefficients).map { k in
      (2 / Double(input.bands)).squareRoot() * logs.indices.reduce(0) { $0 + logs[$1] * cos(.pi * Double(k) * (Double($1) + 0.5) / Double(input.bands)) }
    }
  }

  private func weigh(_ spectrum: [Double], _ band: Int) -> Double {
    let isSlaney = input.melScale == .slaney
    let ends = [input.lowestFrequency, input.highestFrequency].map { mel(Double($0)) }
    let corners = (band...band + 2).map { ends[0] + (ends[1] - ends[0]) * Double($0) / Double(input.bands + 1) }
    return spectrum.indices.reduce(0) { sum, bin in
      let hertz = Double(bin * input.sampleRate) / Double(input.transform)
      // In the scale in which the triangles are straight.
      let (at, c) = isSlaney ? (hertz, corners.map(hertzOfSlaney)) : (mel(hertz), corners)
      if !isSlaney && bin == 0 { return sum }
      let height = max(0, min((at - c[0]) / (c[1] - c[0]), (c[2] - at) / (c[2] - c[1])))
      return sum + spectrum[bin] * height * (isSlaney ? 2 / (c[2] - c[0]) : 1)
    }
  }

  private func mel(_ hertz: Double) -> Double {
    guard input.melScale == .slaney else { return 1127 * log(1 + hertz / 700) }
    return hertz < 1000 ? hertz / (200.0 / 3) : 15 + 27 * log(hertz / 1000) / log(6.4)
  }

  private func hertzOfSlaney(_ mel: Double) -> Double { mel < 15 ? mel * 200 / 3 : 1000 * pow(6.4, (mel - 15) / 27) }
}
