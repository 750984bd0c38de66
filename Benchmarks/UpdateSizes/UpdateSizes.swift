import Glibc
import Updates

// What two releases cost to fetch; see Benchmarks/update-sizes.py.
//
//   update-sizes OLD.swiftlet NEW.swiftlet
//
// Prints `name value` lines; bytes are those of messages' payloads.

@main struct UpdateSizes {
  static func main() {
    let paths = CommandLine.arguments.dropFirst()
    guard paths.count == 2 else { fail("usage: update-sizes OLD.swiftlet NEW.swiftlet") }
    let packages = paths.map { path in
      do throws(UpdatesError) {
        return try PackageBlocks(of: contents(of: path))
      } catch {
        fail("\(path): \(error.message)")
      }
    }
    let (old, new) = (packages[0], packages[1])
    let index = new.index.encoded().count
    let missing = new.stored.filter { old.stored[$0.key] == nil }
    print("package_bytes", new.index.packageByteCount)
    print("blocks", new.index.blocks.count)
    print("index_bytes", index)
    print("full_bytes", index + new.stored.values.reduce(0) { $0 + $1.count })
    print("fetched_blocks", missing.count)
    print("fetched_bytes", index + missing.values.reduce(0) { $0 + $1.count })
  }

  private static func contents(of path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "rb") else { fail("\(path) can't be opened: \(unsafe String(cString: strerror(errno)))") }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe fread(&chunk, 1, chunk.count, file)
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  private static func fail(_ message: String) -> Never {
    print(message)
    exit(1)
  }
}
