import ModelManifest

/// The front ends of the models that the project tests with, as their recipes have them.
enum FrontEnds {
  static let quartznet = made(.logMel, window: 320, hop: 160, bands: 64) {
    $0.preEmphasis = 0.97
    $0.logOffset = 5.9604645e-8
    $0.normalisation = .band
  }

  static let spelling = made(.logMel, window: 512, hop: 125, bands: 64) {
    $0.lowestFrequency = 20
    $0.logOffset = 1e-6
    $0.normalisation = .clip
    $0.frames = 128
    $0.alignment = .loudest
  }

  static let keywords = made(.mfcc, window: 480, hop: 320, bands: 40) {
    $0.level = .peak
    $0.isCentred = false
    $0.spectrum = .magnitude
    $0.melScale = .htk
    $0.lowestFrequency = 20
    $0.highestFrequency = 4000
    $0.logOffset = 1e-6
    $0.coefficients = 10
    $0.frames = 49
    $0.axes = .framesBands
  }

  static let tinyVAD = made(.logMel, window: 512, hop: 512, bands: 32) {
    $0.isCentred = false
    $0.lowestFrequency = 20
    $0.logOffset = 1e-6
    $0.normalisation = .clip
    $0.frames = 16
  }

  static let whisper = made(.logMel, window: 400, hop: 160, bands: 80) {
    $0.transform = 400
    $0.logFloor = 1e-10
    $0.normalisation = .decades
    $0.axes = .framesBands
  }

  /// As the largest models have it: of the lowest bands some are narrower than a bin.
  static let whisperLarge = {
    var input = whisper
    input.bands = 128
    return input
  }()

  static let all = ["quartznet": quartznet, "spelling": spelling, "keywords": keywords, "tinyVAD": tinyVAD, "whisper": whisper, "whisperLarge": whisperLarge]

  private static func made(
    _ features: SoundInput.Features, window: Int, hop: Int, bands: Int, _ change: (inout SoundInput) -> Void
  ) -> SoundInput {
    var input = SoundInput(tensor: "x", sampleRate: 16_000, features: features)
    (input.window, input.hop, input.transform, input.bands) = (window, hop, 512, bands)
    input.highestFrequency = 8000
    change(&input)
    return input
  }
}
