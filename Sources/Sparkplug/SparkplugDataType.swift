/// The types a metric's value can have here, by their numbers in Sparkplug's schema (3.0.0, §6.4.1, `DataType`). The schema has
/// more (8 and 16 bits, data sets, templates, files, arrays); nothing here publishes those.
public enum SparkplugDataType: UInt32, Sendable, CaseIterable {
  case int32 = 3
  case int64 = 4
  case uint32 = 7
  case uint64 = 8
  case float = 9
  case double = 10
  case boolean = 11
  case string = 12
  case dateTime = 13
  case text = 14
  case bytes = 17
}
