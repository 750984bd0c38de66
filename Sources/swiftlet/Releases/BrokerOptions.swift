import ArgumentParser
import Glibc
import MQTTTransport
import ReleaseAuthoring

/// The broker, and how it lets one in.
struct BrokerOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The broker: mqtts://HOST[:PORT], or mqtt:// without encryption.", valueName: "url"))
  var broker: String

  @Option(help: ArgumentHelp("Certificates (PEM) that the broker's own must lead to; by default the system's.", valueName: "file"))
  var ca: String?

  @Option(help: ArgumentHelp("This client's certificate (PEM).", valueName: "file"))
  var certificate: String?

  @Option(help: ArgumentHelp("The certificate's private key (PEM).", valueName: "file"))
  var certificateKey: String?

  @Option(help: ArgumentHelp("The user's name.", valueName: "name"))
  var username: String?

  @Option(help: ArgumentHelp("A file with the user's password.", valueName: "file"))
  var passwordFile: String?

  @Option(help: ArgumentHelp("An environment variable with the user's password.", valueName: "name"))
  var passwordEnvironment: String?

  /// - Parameter purpose: a part of the client id.
  func settings(for purpose: String) throws -> BrokerSettings {
    let address = try BrokerAddress(parsing: broker)
    if !address.usesTLS, !address.isLoopback {
      Terminal.note("\(address.host) is reached without encryption; anyone between can read and change messages (mqtts:// encrypts)")
    }
    let suffix = String(UInt32.random(in: .min ... .max), radix: 16)
    var settings = BrokerSettings(address: address, clientID: "swiftlet-\(purpose)-\(suffix)")
    settings.tls = .init(authority: ca, certificate: certificate, key: certificateKey)
    settings.username = username
    settings.password = try password()
    return settings
  }

  private func password() throws -> String? {
    guard username != nil || (passwordFile == nil && passwordEnvironment == nil) else {
      throw CommandFailure("a password needs a user's name: --username NAME", status: .wrongUse)
    }
    guard passwordFile == nil || passwordEnvironment == nil else {
      throw CommandFailure("--password-file and --password-environment exclude each other", status: .wrongUse)
    }
    if let passwordFile { return try SecretFile.text(passwordFile, "--password-file") }
    guard let passwordEnvironment else { return nil }
    guard let value = unsafe getenv(passwordEnvironment) else {
      throw CommandFailure("--password-environment: the variable \(passwordEnvironment) is not set", status: .wrongUse)
    }
    return unsafe String(cString: value)
  }
}
