namespace KubeFlex.Storage.Archive;

/// <summary>A file is no backup, is damaged, incomplete or of a version that this program does not know. Nothing was changed.</summary>
public sealed class ArchiveException(string message, Exception? inner = null) : Exception(message, inner)
{
    internal static ArchiveException Damaged(string what, Exception? inner = null) => new($"the backup is damaged: {what}; use another copy of it", inner);

    internal static ArchiveException Truncated(long bytes) =>
        new($"the backup is incomplete: it ends after {bytes} bytes, in the middle; it was cut off when it was written or copied");
}
