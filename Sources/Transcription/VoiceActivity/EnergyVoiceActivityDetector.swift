import Glibc

/// Voice activity without a model: how far a chunk's energy stands above the quietest of the last seconds.
///
/// The noise floor is the least smoothed energy of the last three seconds (minimum statistics, Martin 2001, without its bias correction), so
/// that it follows a fan that is switched on, and speech of some seconds doesn't lift it. What is heard is the band of the voice, 150 Hz to 2 kHz:
/// rumble and hiss lie outside, for the most part.
/// It tells sound from the room's noise and not speech from music or from a hammer: where those occur, use a model.
public final class EnergyVoiceActivityDetector: VoiceActivityDetector {
  public let sampleRate: Int
  public let chunkLength: Int

  /// Decibels above the floor at which speech is as likely as not, and over which the likelihood goes from 0.27 to 0.73.
  private static let (midpoint, spread): (Double, Double) = (6, 3)
  /// Decibels relative to full scale: quieter than this is silence, whatever the floor.
  private static let silence = -80.0
  private static let parts = 8

  private let partLength: Int
  /// The least energy of each part of the last seconds, in decibels; the newest is still growing.
  private var least: [Double] = []
  private var chunksInPart = 0
  private var smoothed: Double?
  /// Two high-pass filters of one pole one behind the other, then a low-pass filter of one pole.
  private let (rumblePole, hissShare): (Double, Double)
  private var (first, second, third) = (Pole(), Pole(), 0.0)

  /// What a high-pass filter remembers.
  private struct Pole {
    var input = 0.0
    var output = 0.0

    mutating func highPass(_ value: Double, _ pole: Double) -> Double {
      output = value - input + pole * output
      input = value
      return output
    }
  }

  /// - Parameter sampleRate: samples a second; 8,000 at least.
  public init(sampleRate: Int = 16_000) {
    precondition(sampleRate >= 8000)
    self.sampleRate = sampleRate
    chunkLength = sampleRate * 32 / 1000
    // Parts of three eighths of a second.
    partLength = 12
    rumblePole = exp(-2 * .pi * 150 / Double(sampleRate))
    hissShare = 1 - exp(-2 * .pi * 2000 / Double(sampleRate))
    least.reserveCapacity(Self.parts + 1)
  }

  public func probability(of chunk: ArraySlice<Float>) -> Float {
    precondition(chunk.count == chunkLength)
    var energy = 0.0
    for sample in chunk {
      let voice = second.highPass(first.highPass(Double(sample), rumblePole), rumblePole)
      third += hissShare * (voice - third)
      energy += third * third
    }
    // Samples that are no numbers are no speech, and are not remembered.
    guard energy.isFinite else {
      (first, second, third) = (Pole(), Pole(), 0)
      return 0
    }
    let level = 10 * log10(energy / Double(chunkLength) + 1e-12)
    // A muted microphone says nothing of the room.
    guard level > Self.silence else { return 0 }
    let floor = follow(level)
    return Float(1 / (1 + exp(-(level - floor - Self.midpoint) * 2 / Self.spread)))
  }

  /// Takes a chunk's level into the floor.
  private func follow(_ level: Double) -> Double {
    let now = smoothed.map { 0.7 * $0 + 0.3 * level } ?? level
    smoothed = now
    if chunksInPart == 0 {
      least.append(now)
      if least.count > Self.parts { least.removeFirst() }
    } else {
      least[least.count - 1] = min(least[least.count - 1], now)
    }
    chunksInPart = (chunksInPart + 1) % partLength
    return least.min() ?? now
  }

  public func reset() {
    least.removeAll(keepingCapacity: true)
    (chunksInPart, smoothed) = (0, nil)
    (first, second, third) = (Pole(), Pole(), 0)
  }
}
