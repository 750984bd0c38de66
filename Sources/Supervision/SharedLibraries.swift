import CThreads

/// The libraries that release programs open when one of their functions is called.
public enum SharedLibraries {
  /// Opens all of them, so that a service that is about to be ready doesn't miss one later.
  /// - Returns: why one of them can't be opened; nil where all are.
  public static func openAll() -> String? { unsafe swl_open_libraries().map { unsafe String(cString: $0) } }
}
