/// The field numbers of Sparkplug's schema that are written or read here (3.0.0, §6.4.1).
enum PayloadField {
  static let timestamp: UInt32 = 1
  static let metrics: UInt32 = 2
  static let sequence: UInt32 = 3
}

/// Those of a metric.
enum MetricField {
  static let name: UInt32 = 1
  static let alias: UInt32 = 2
  static let timestamp: UInt32 = 3
  static let dataType: UInt32 = 4
  static let isHistorical: UInt32 = 5
  static let isTransient: UInt32 = 6
  static let isNull: UInt32 = 7
  static let intValue: UInt32 = 10
  static let longValue: UInt32 = 11
  static let floatValue: UInt32 = 12
  static let doubleValue: UInt32 = 13
  static let booleanValue: UInt32 = 14
  static let stringValue: UInt32 = 15
  static let bytesValue: UInt32 = 16
  /// Data set, template, extension: values that are read over.
  static let otherValues: ClosedRange<UInt32> = 17...19
}
