import Glibc
import Updates

// The client of The Update Framework for its conformance suite; see Arguments.usage. It is never packaged.

guard let arguments = Arguments(Array(CommandLine.arguments.dropFirst())) else {
  complain(Arguments.usage)
  exit(2)
}
do throws(UpdatesError) {
  try run(arguments)
} catch {
  complain("tuf-client: \(error.code.rawValue): \(error.message)")
  exit(1)
}

func complain(_ text: String) {
  let line = Array("\(text)\n".utf8)
  _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

func run(_ arguments: Arguments) throws(UpdatesError) {
  let store = MetadataFolder(arguments.metadataFolder)
  if case .initialise(let path) = arguments.command {
    guard let root = contents(of: path) else { throw UpdatesError(.storage, "\(path) can't be read") }
    return try store.save("root", root)
  }
  let source = ServedMetadata(server: HTTPServer(base: arguments.metadataURL))
  var client = try UpdateClient(store: store, source: source, startTime: DateTime(seconds: Int64(time(nil))))
  try client.refresh()
  for name in arguments.targetNames { try download(client.target(name), arguments, isPrefixed: client.isConsistentSnapshot) }
}

/// Leaves an artifact that is already there and right as it is.
func download(_ target: Target, _ arguments: Arguments, isPrefixed: Bool) throws(UpdatesError) {
  let path = "\(arguments.targetFolder)/\(percentEncoded(target.path))"
  if let bytes = contents(of: path), (try? target.check(bytes)) != nil { return }
  let parts = target.path.split(separator: "/", omittingEmptySubsequences: false)
  let prefix = isPrefixed ? "\(target.hashes.texts["sha256"] ?? target.hashes.texts.values.min() ?? "")." : ""
  let served = (parts.dropLast().map(String.init) + [prefix + parts[parts.count - 1]]).joined(separator: "/")
  guard let bytes = try HTTPServer(base: arguments.targetBaseURL).get(served, limit: target.length) else {
    throw UpdatesError(.unavailable, "\(served) isn't there, though metadata speak of it")
  }
  try target.check(bytes)
  try replaceFile(at: path, with: bytes)
}
