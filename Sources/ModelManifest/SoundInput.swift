/// How sound becomes the input tensor: the feature front end, recorded for the device.
///
/// In this order: samples at `sampleRate`, −1…1, mono, scaled to `level`; pre-emphasis; frames of `window` samples every `hop`, centred with reflection
/// where `isCentred`; a Fourier transform of `transform` points; `spectrum`; mel bands; `log(max(x, logFloor) + logOffset)`; for `mfcc` the first
/// `coefficients` of an cosine transform (type 2, × √(2 ÷ bands)); normalisation; `frames` of them, by `alignment`.
public struct SoundInput: Codable, Equatable, Sendable {
  public enum Features: String, Codable, Sendable, CaseIterable {
    /// The samples themselves: `chunk` new ones behind `context` earlier ones.
    case waveform
    case logMel = "log-mel"
    case mfcc
  }

  public enum Level: String, Codable, Sendable, CaseIterable {
    case recorded
    /// The clip's greatest sample becomes 1.
    case peak
  }

  /// Where a clip lies in a tensor of a fixed number of frames.
  public enum Alignment: String, Codable, Sendable, CaseIterable {
    /// From the start on, cut or padded at the end.
    case start
    /// Its loudest 25 ms in the middle, cut or padded at both ends.
    case loudest
  }

  public enum Spectrum: String, Codable, Sendable, CaseIterable {
    case power
    case magnitude
  }

  public enum MelScale: String, Codable, Sendable, CaseIterable {
    /// Linear below 1 kHz, logarithmic above, filters of equal area (Slaney's Auditory Toolbox 1998).
    case slaney
    /// 2595 log10(1 + f ÷ 700), filters of equal height (O'Shaughnessy 1987; HTK).
    case htk
  }

  public enum Normalisation: String, Codable, Sendable, CaseIterable {
    case none
    /// Each band has mean 0 and deviation 1 over the utterance.
    case band
    /// All values together have mean 0 and deviation 1 over the utterance.
    case clip
    /// Logarithms of base 10, none more than 8 below the clip's greatest; 4 is added and the sum divided by 4 (A. Radford et al., "Robust speech
    /// recognition via large-scale weak supervision", 2022).
    case decades
  }

  public enum Axes: String, Codable, Sendable, CaseIterable {
    case bandsFrames = "bands-frames"
    case framesBands = "frames-bands"
  }

  /// The port's name.
  public var tensor: String
  /// Samples a second.
  public var sampleRate: Int
  public var features: Features
  public var level: Level = .recorded
  public var alignment: Alignment = .start
  /// `y[n] = x[n] − preEmphasis × x[n − 1]`
  public var preEmphasis: Float = 0
  /// Samples of a frame (a periodic Hann window).
  public var window: Int = 0
  public var hop: Int = 0
  /// Points of the Fourier transform; a shorter window lies in its middle.
  public var transform: Int = 0
  public var isCentred: Bool = true
  public var spectrum: Spectrum = .power
  public var bands: Int = 0
  public var melScale: MelScale = .slaney
  /// Hertz.
  public var lowestFrequency: Float = 0
  public var highestFrequency: Float = 0
  public var logOffset: Float = 0
  /// nil: 0
  public var logFloor: Float?
  public var coefficients: Int = 0
  public var normalisation: Normalisation = .none
  /// Frames of the tensor; 0 where it takes any number.
  public var frames: Int = 0
  public var axes: Axes = .bandsFrames
  public var chunk: Int = 0
  public var context: Int = 0

  public init(tensor: String, sampleRate: Int, features: Features) {
    self.tensor = tensor
    self.sampleRate = sampleRate
    self.features = features
  }
}
