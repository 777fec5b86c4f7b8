using System.Security.Cryptography;

namespace KubeFlex.Cli.Backup;

/// <summary>
/// Takes a backup from the server: into a file that appears whole or not at all and that only its owner reads, or to standard output. The backup ends
/// with the SHA-256 of everything before, which is compared before the file gets its name.
/// </summary>
internal static class ArchiveDownload
{
    private const int Sum = 32;

    /// <summary>Writes it; answers the bytes written.</summary>
    public static async Task<long> SaveAsync(Stream from, string file, Action<long> progress, CancellationToken cancellation)
    {
        if (file == "-")
        {
            await using var output = Console.OpenStandardOutput();
            return await CopyAsync(from, output, progress, cancellation);
        }
        var temporary = $"{file}.{Environment.ProcessId}.tmp";
        try
        {
            long bytes;
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var stream = new FileStream(temporary, options))
            {
                bytes = await CopyAsync(from, stream, progress, cancellation);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, file, overwrite: true);
            return bytes;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static async Task<long> CopyAsync(Stream from, Stream to, Action<long> progress, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[Sum + (64 << 10)];
        // What may be the sum at the end is kept back from the hash, at the front of the buffer.
        var held = 0;
        for (long bytes = 0; ; progress(bytes))
        {
            var read = await from.ReadAsync(buffer.AsMemory(held), cancellation);
            if (read == 0)
            {
                await to.FlushAsync(cancellation);
                if (held == Sum && hash.GetHashAndReset().AsSpan().SequenceEqual(buffer.AsSpan(0, Sum))) return bytes;
                throw new CliException("the backup arrived incomplete or damaged, and was not kept", ExitCodes.Failed, "Try again; see the server's log.");
            }
            await to.WriteAsync(buffer.AsMemory(held, read), cancellation);
            bytes += read;
            var all = held + read;
            held = Math.Min(Sum, all);
            hash.AppendData(buffer.AsSpan(0, all - held));
            buffer.AsSpan(all - held, held).CopyTo(buffer);
        }
    }
}
