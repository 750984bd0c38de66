public import Pipelines

/// A named value, as births and data tell it.
public struct SparkplugMetric: Sendable, Equatable {
  /// Folders and a name, separated by `/`. Any UTF-8 goes; hosts do best with letters, digits, spaces and hyphens.
  public var name: String
  public var value: SparkplugValue
  /// Of interest now, but not for a historian.
  public var isTransient: Bool

  public init(_ name: String, _ value: SparkplugValue, isTransient: Bool = false) {
    self.name = name
    self.value = value
    self.isTransient = isTransient
  }
}

/// Values that were true at one moment, of one device.
public struct SparkplugSample: Sendable, Equatable {
  /// The device's id; nil for the edge node itself.
  public var device: String?
  /// When the values were acquired, not when they are sent.
  public var capturedAt: WallTime
  public var metrics: [SparkplugMetric]

  public init(device: String?, capturedAt: WallTime, metrics: [SparkplugMetric]) {
    self.device = device
    self.capturedAt = capturedAt
    self.metrics = metrics
  }
}
