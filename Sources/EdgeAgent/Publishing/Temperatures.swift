import Outbox

/// The kernel's thermal zones.
enum Temperatures {
  /// Degrees Celsius of every zone that answers; empty where the machine tells none.
  static func read(_ root: String = "/sys/class/thermal") -> [HealthMessage.Temperature] {
    var found: [HealthMessage.Temperature] = []
    for zone in 0..<32 {
      guard let kind = line("\(root)/thermal_zone\(zone)/type"), let millidegrees = line("\(root)/thermal_zone\(zone)/temp").flatMap({ Int($0) }) else {
        continue
      }
      // Zones of one kind are told apart by their number.
      let name = found.contains { $0.zone == kind } ? "\(kind)-\(zone)" : kind
      found.append(HealthMessage.Temperature(zone: name, celsius: Double(millidegrees) / 1000))
    }
    return found
  }

  private static func line(_ path: String) -> String? {
    guard let bytes = try? readFile(path, limit: 128) else { return nil }
    return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
  }
}
