/// A size of a dimension that a model leaves open.
public struct BoundSize: Codable, Equatable, Sendable {
  public var name: String
  public var size: Int

  public init(name: String, size: Int) { (self.name, self.size) = (name, size) }
}

/// What 8 bits cost a model: the float model and the quantised one on the same labelled images or sounds.
public struct AccuracyReport: Codable, Equatable, Sendable {
  /// One class's share in the metric.
  public struct ClassChange: Codable, Equatable, Sendable {
    public var label: String
    public var float: Double
    public var quantised: Double

    public init(label: String, float: Double, quantised: Double) {
      self.label = label
      self.float = float
      self.quantised = quantised
    }
  }

  /// How far one value of the quantised program is from the float model's.
  public struct ValueNoise: Codable, Equatable, Sendable {
    public var name: String
    /// Signal to quantisation noise; nil where nothing differs.
    public var decibels: Double?
    public var isQuantised: Bool

    public init(name: String, decibels: Double?, isQuantised: Bool) {
      self.name = name
      self.decibels = decibels
      self.isQuantised = isQuantised
    }
  }

  /// Words of all clips: how many were said, and how many errors each form makes.
  public struct WordErrors: Codable, Equatable, Sendable {
    public var said: Int
    public var float: Int
    public var quantised: Int

    public init(said: Int, float: Int, quantised: Int) { (self.said, self.float, self.quantised) = (said, float, quantised) }
  }

  /// What was looked at.
  public enum Sample: String, Codable, Sendable {
    case image
    case sound
  }

  /// The metric of what writes down speech, of which less is better.
  public static let wordErrorRate = "word error rate"

  /// `mAP@0.5`, `top-1`, or `wordErrorRate`.
  public var metric: String
  /// Images, or sounds, that were looked at.
  public var images: Int
  /// nil: images.
  public var sample: Sample?
  /// The metric, 0…1; a word error rate may be more.
  public var float: Double
  public var quantised: Double
  /// Where `quantised − float` lies with 95 % confidence: bootstrap over the images or sounds, both models on the same draws (Efron 1979).
  public var leastChange: Double
  public var greatestChange: Double
  public var classes: [ClassChange]
  /// In the program's order; empty where they were not compared.
  public var values: [ValueNoise]
  /// nil where the metric counts no words.
  public var words: WordErrors?
  /// At which both were measured; nil where the model leaves no size open.
  public var sizes: [BoundSize]?

  public init(
    metric: String, images: Int, float: Double, quantised: Double, leastChange: Double, greatestChange: Double, classes: [ClassChange],
    values: [ValueNoise] = []
  ) {
    self.metric = metric
    self.images = images
    self.float = float
    self.quantised = quantised
    self.leastChange = leastChange
    self.greatestChange = greatestChange
    self.classes = classes
    self.values = values
  }
}
