import ArgumentParser
import Capture

struct CameraListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "The cameras that the kernel knows.",
    discussion: "Example: swiftlet camera list")

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let devices = CameraDevice.all()
    guard !json else { return Terminal.show("\(JSON.array(devices.map { CameraReport($0).json }).text)\n") }
    guard !devices.isEmpty else {
      return Terminal.show("no camera: none is plugged in, its driver isn't loaded, or this user may not open /dev/video* (group video)\n")
    }
    for device in devices {
      let formats = device.formats.map { $0.code.description }.joined(separator: " ")
      Terminal.show("\(device.path)  \(device.name)  (\(device.driver), \(device.bus))  \(formats)\n")
    }
  }
}
