import Foundation

/// A certificate authority in a temporary folder, with a broker's certificate for localhost and one for a client.
public final class TestAuthority: Sendable {
  public struct Pair: Sendable {
    public let certificate: String
    public let key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  public let certificate: String
  public let broker: Pair
  public let client: Pair
  private let folder: URL

  /// Makes everything with the `openssl` command.
  public init(brokerName: String = "localhost") throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-authority-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = { [folder] (name: String) in folder.appendingPathComponent(name).path }
    certificate = path("ca.pem")
    try Command.run(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=Test authority", "-keyout",
        path("ca.key"), "-out", certificate,
      ])
    broker = try Self.issue("broker", names: "DNS:\(brokerName)", path)
    client = try Self.issue("client", names: "DNS:client", path)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  private static func issue(_ name: String, names: String, _ path: (String) -> String) throws -> Pair {
    let extensions = path("\(name).ext")
    try Data("subjectAltName=\(names)\n".utf8).write(to: URL(fileURLWithPath: extensions))
    try Command.run(
      "/usr/bin/openssl",
      [
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out",
        path("\(name).csr"),
      ])
    try Command.run(
      "/usr/bin/openssl",
      [
        "x509", "-req", "-days", "2", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial", "-extfile", extensions,
        "-out", path("\(name).pem"),
      ])
    return Pair(certificate: path("\(name).pem"), key: path("\(name).key"))
  }
}

/// Runs a command to its end.
enum Command {
  static func run(_ path: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw RealBroker.Failure(description: "\(path) \(arguments.joined(separator: " ")): \(String(decoding: text, as: UTF8.self))")
    }
  }
}
