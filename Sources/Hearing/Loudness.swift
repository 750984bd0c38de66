/// Energy along a sound.
enum Loudness {
  /// The sample around which a stretch of `width` samples has the most energy; the first of equals.
  static func loudest(_ samples: [Float], within width: Int) -> Int {
    let half = width / 2
    var (sum, greatest, found) = (0.0, -1.0, 0)
    for position in 0..<min(width - half, samples.count) { sum += Double(samples[position]) * Double(samples[position]) }
    for position in samples.indices {
      // The stretch at `position`: half its width before it, the rest from it on.
      if position > 0, position - 1 + width - half < samples.count {
        let entering = Double(samples[position - 1 + width - half])
        sum += entering * entering
      }
      if position > half {
        let leaving = Double(samples[position - half - 1])
        sum -= leaving * leaving
      }
      if sum > greatest { (greatest, found) = (sum, position) }
    }
    return found
  }
}
