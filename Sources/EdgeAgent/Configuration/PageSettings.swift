public import LocalPage
import YAMLReading

/// `page`: a page for people and metrics for Prometheus, without a password. Default: none.
public struct PageSettings: Equatable, Sendable {
  /// `listen`: an address in numbers (or `localhost`) and a port; default `127.0.0.1:9464`, which only this machine's own users and programs
  /// reach. Any other is allowed where it is written, with a warning.
  public var address: PageAddress

  public init(address: PageAddress) { self.address = address }

  static func read(_ map: YAMLMapping, _ context: ConfigurationContext) -> PageSettings? {
    let value = map["listen"]
    guard let text = value == nil ? "127.0.0.1:9464" : value?.string() else { return nil }
    let address: PageAddress
    do { address = try PageAddress(parsing: text) } catch {
      value?.report("page.listen: \(error.message)")
      return nil
    }
    if address.port == 0 { value?.report("page.listen: the port is 1 to 65535") }
    if !address.isLoopback {
      context.warn(value, "page.listen: whoever reaches \(address) sees what this device does, without a password and unencrypted")
    }
    return PageSettings(address: address)
  }
}
