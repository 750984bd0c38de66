/// What a package says of itself: everything that a program's numbers can't say. Stored as JSON in the package.
public struct Manifest: Codable, Equatable, Sendable {
  /// The name used in configurations, topics and messages: letters, digits, `-`, `_` and `.`.
  public var name: String
  /// The author's version of the model, compared for equality only.
  public var version: String
  public var task: Task
  /// Class names in the order of the model's class indices; empty where the task has none.
  public var labels: [String]
  /// How an image becomes the input tensor; nil for sound and for raw tensors.
  public var input: ImageInput?
  /// How sound becomes the input tensor; nil for images and for raw tensors.
  public var sound: SoundInput?
  /// How output tensors become results; nil for raw tensors.
  public var decoding: Decoding?
  /// Outputs that come back as inputs of the next run; nil for a model without memory.
  public var states: [StateBinding]?
  public var licence: String?
  /// Where the weights come from, for people.
  public var provenance: String?
  /// How the model was brought to 8 bits; nil where it was not, or came quantised.
  public var calibration: Calibration?
  /// What 8 bits cost, as far as it was measured when the package was made.
  public var accuracy: AccuracyReport?
  /// What the model gives for made-up inputs; nil in packages that don't say.
  public var golden: GoldenOutputs?

  public enum Task: String, Codable, Sendable, CaseIterable {
    case classification
    case detection
    /// Speech to text.
    case transcription
    /// Whether somebody speaks.
    case voiceActivity = "voice-activity"
    /// Tensors in, tensors out.
    case raw
  }

  public init(
    name: String, version: String, task: Task, labels: [String] = [], input: ImageInput? = nil, sound: SoundInput? = nil,
    decoding: Decoding? = nil, states: [StateBinding]? = nil, licence: String? = nil, provenance: String? = nil, calibration: Calibration? = nil,
    accuracy: AccuracyReport? = nil, golden: GoldenOutputs? = nil
  ) {
    self.name = name
    self.version = version
    self.task = task
    self.labels = labels
    self.input = input
    self.sound = sound
    self.decoding = decoding
    self.states = states
    self.licence = licence
    self.provenance = provenance
    self.calibration = calibration
    self.accuracy = accuracy
    self.golden = golden
  }
}

/// An output that becomes an input of the next run: what a model remembers.
public struct StateBinding: Codable, Equatable, Sendable {
  /// The ports' names.
  public var input: String
  public var output: String

  public init(input: String, output: String) {
    self.input = input
    self.output = output
  }
}

/// How an image is prepared: `tensor value = (pixel 0…255 − mean) ÷ deviation`, a channel at a time.
public struct ImageInput: Codable, Equatable, Sendable {
  public enum Colour: String, Codable, Sendable, CaseIterable { case rgb, bgr, grey }
  public enum Fit: String, Codable, Sendable, CaseIterable {
    /// Keep the aspect ratio, fill the rest with `padding`.
    case letterbox
    /// Fill both sides, ignoring the aspect ratio.
    case stretch
    /// Keep the aspect ratio, fill both sides, and cut what lies outside around the centre.
    case crop
  }
  public enum Anchor: String, Codable, Sendable, CaseIterable {
    case topLeft = "top-left"
    case centre
  }

  /// The port's name.
  public var tensor: String
  /// Pixels of the input tensor.
  public var width: Int
  public var height: Int
  public var colour: Colour
  public var fit: Fit
  /// Where a letterboxed image lies.
  public var anchor: Anchor
  /// Pixel value (0…255) around a letterboxed image.
  public var padding: Float
  /// One value a channel, in the tensor's channel order.
  public var mean: [Float]
  public var deviation: [Float]

  public init(
    tensor: String, width: Int, height: Int, colour: Colour = .rgb, fit: Fit = .letterbox, anchor: Anchor = .centre, padding: Float = 114,
    mean: [Float] = [0, 0, 0], deviation: [Float] = [1, 1, 1]
  ) {
    self.tensor = tensor
    self.width = width
    self.height = height
    self.colour = colour
    self.fit = fit
    self.anchor = anchor
    self.padding = padding
    self.mean = mean
    self.deviation = deviation
  }
}

/// How a model was quantised after training.
public struct Calibration: Codable, Equatable, Sendable {
  /// For example `min-max`.
  public var method: String
  /// Images (or clips) that the ranges come from.
  public var samples: Int
  /// Names of the model's values that were kept in float because 8 bits would have cost most there; nil where none was.
  public var floatValues: [String]?
  /// Names of the model's values that were left in float because their channels differ too much for one scale; nil where none was, and in
  /// packages that don't say.
  public var unevenValues: [String]?

  public init(method: String, samples: Int, floatValues: [String]? = nil, unevenValues: [String]? = nil) {
    self.method = method
    self.samples = samples
    self.floatValues = floatValues
    self.unevenValues = unevenValues
  }
}
