import ArgumentParser
import ReleaseAuthoring

struct ReleaseStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "What a release folder holds: versions, expiries, packages, shares, missing signatures.",
    discussion: "Example: swiftlet release status fleet")

  @Argument(help: ArgumentHelp("The release folder.", valueName: "folder"))
  var path: String

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    let status = try ReleaseFolder(path).status(at: .now)
    Terminal.show(json ? "\(status.json.text)\n" : status.text(path))
    for role in status.roles where role.isExpired || role.expiresSoon {
      let flag = role.role == .root ? " --root" : ""
      Terminal.note(
        "\(role.role.rawValue) version \(role.version) \(role.isExpired ? "expired" : "expires") at \(role.expires); swiftlet release renew \(path)\(flag), and publish"
      )
    }
  }
}
