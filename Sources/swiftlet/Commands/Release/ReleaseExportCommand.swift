import ArgumentParser
import ReleaseAuthoring

struct ReleaseExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write what the current release needs to a folder, to be carried to devices without a broker.",
    discussion: "Example: swiftlet release export fleet /media/stick/release")

  @Argument(help: ArgumentHelp("The release folder.", valueName: "folder"))
  var path: String

  @Argument(help: ArgumentHelp("A folder that isn't there yet.", valueName: "out"))
  var output: String

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let total = try ReleaseFolder(path).export(to: output)
    let report = JSON.object([("folder", .string(output)), ("files", .integer(total.fileCount)), ("bytes", .integer(total.byteCount))])
    Terminal.show(json ? "\(report.text)\n" : "\(output): \(total.fileCount) files, \(total.byteCount) bytes\n")
  }
}
