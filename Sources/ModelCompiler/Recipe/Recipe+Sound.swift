import ModelManifest
import YAMLReading

extension RecipeReading {
  /// The feature front end of a sound model. Which keys belong to it depends on `features`.
  func sound(_ mapping: YAMLMapping) -> SoundInput? {
    let tensor = mapping.required("tensor")?.string()
    let rate = mapping.required("sample-rate")?.int(in: 1000...384_000)
    guard let features = mapping.required("features")?.choice(of: SoundInput.Features.self) else {
      // Which keys belong here is unknown without them.
      _ = mapping.all
      return nil
    }
    var sound = SoundInput(tensor: tensor ?? "", sampleRate: rate ?? 16_000, features: features)
    if features == .waveform {
      sound.chunk = mapping.required("chunk")?.int(in: 1...1 << 24) ?? 1
      if let context = mapping["context"]?.int(in: 0...1 << 20) { sound.context = context }
    } else {
      readBands(mapping, into: &sound)
    }
    return tensor == nil || rate == nil ? nil : sound
  }

  private func readBands(_ mapping: YAMLMapping, into sound: inout SoundInput) {
    sound.window = mapping.required("window")?.int(in: 1...65_536) ?? 1
    sound.hop = mapping.required("hop")?.int(in: 1...65_536) ?? 1
    sound.bands = mapping.required("bands")?.int(in: 1...512) ?? 1
    sound.transform = mapping["transform"]?.int(in: 2...65_536) ?? sound.window.nextPowerOfTwo
    if sound.transform < sound.window { mapping.report("transform", "sound.transform: \(sound.transform) points hold no window of \(sound.window) samples") }
    if let value = mapping["pre-emphasis"]?.float(in: 0...1) { sound.preEmphasis = Float(value) }
    if let value = mapping["level"]?.choice(of: SoundInput.Level.self) { sound.level = value }
    if let value = mapping["align"]?.choice(of: SoundInput.Alignment.self) { sound.alignment = value }
    if let value = mapping["spectrum"]?.choice(of: SoundInput.Spectrum.self) { sound.spectrum = value }
    if let value = mapping["centred"]?.bool() { sound.isCentred = value }
    if let value = mapping["mel-scale"]?.choice(of: SoundInput.MelScale.self) { sound.melScale = value }
    let half = Double(sound.sampleRate) / 2
    sound.lowestFrequency = Float(mapping["lowest"]?.float(in: 0...half) ?? 0)
    sound.highestFrequency = Float(mapping["highest"]?.float(in: 0...half) ?? half)
    if sound.lowestFrequency >= sound.highestFrequency { mapping.report("lowest", "sound.lowest: must be below sound.highest") }
    if let value = mapping["log-offset"]?.float(in: 0...1) { sound.logOffset = Float(value) }
    if let value = mapping["log-floor"]?.float(in: 0...1) { sound.logFloor = Float(value) }
    if let value = mapping["normalise"]?.choice(of: SoundInput.Normalisation.self) { sound.normalisation = value }
    if sound.logFloor != nil, sound.normalisation != .decades {
      mapping.report("log-floor", "sound.log-floor: goes with normalise: decades only; elsewhere log-offset keeps silence finite")
    }
    if sound.normalisation == .decades, (sound.logFloor ?? 0) + sound.logOffset <= 0 {
      mapping.report("normalise", "sound.normalise: decades needs a log-floor or a log-offset above 0, or silence has no logarithm")
    }
    if let value = mapping["frames"]?.int(in: 1...1 << 20) { sound.frames = value }
    if let value = mapping["axes"]?.choice(of: SoundInput.Axes.self) { sound.axes = value }
    if sound.features == .mfcc { sound.coefficients = mapping.required("coefficients")?.int(in: 1...sound.bands) ?? 1 }
  }
}

extension Int {
  fileprivate var nextPowerOfTwo: Int {
    var power = 1
    while power < self { power *= 2 }
    return power
  }
}
