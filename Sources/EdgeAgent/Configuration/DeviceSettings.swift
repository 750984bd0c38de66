import YAMLReading

/// `device`: who this is. Both names are part of every topic: letters, digits, `-` and `_`.
public struct DeviceSettings: Equatable, Sendable {
  /// `id`, unique within the site; required.
  public var identifier: String
  /// `site`; required. `releases` is taken by the fleet's releases.
  public var site: String

  public init(identifier: String, site: String) {
    self.identifier = identifier
    self.site = site
  }

  static func read(_ map: YAMLMapping) -> DeviceSettings? {
    let identifier = map.required("id")?.identifier()
    let site = map.required("site")?.identifier()
    if site == "releases" { map.report("site", "device.site: \"releases\" is taken by the fleet's own topics; choose another name") }
    guard let identifier, let site else { return nil }
    return DeviceSettings(identifier: identifier, site: site)
  }
}
