using System.Buffers;
using KubeFlex.Machinery.Errors;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.Requests;

/// <summary>A request's body in a rented buffer.</summary>
internal readonly struct RequestBody : IDisposable
{
    /// <summary>The limit of the reference: 3 MiB.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    private readonly byte[] buffer;
    private readonly int length;

    private RequestBody(byte[] buffer, int length) => (this.buffer, this.length) = (buffer, length);

    public ReadOnlySpan<byte> Span => buffer.AsSpan(0, length);

    public bool IsEmpty => length == 0;

    public static async ValueTask<Result<RequestBody>> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > MaxBytes) return TooLarge();
        var reader = request.BodyReader;
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(request.ContentLength ?? 4096, 256, MaxBytes));
        var length = 0;
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            foreach (var segment in read.Buffer)
            {
                if (length + segment.Length > MaxBytes)
                {
                    reader.AdvanceTo(read.Buffer.End);
                    ArrayPool<byte>.Shared.Return(buffer);
                    return TooLarge();
                }
                if (length + segment.Length > buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + segment.Length));
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
                segment.Span.CopyTo(buffer.AsSpan(length));
                length += segment.Length;
            }
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return new RequestBody(buffer, length);
        }
    }

    public void Dispose()
    {
        if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
    }

    private static ApiError TooLarge() => ApiError.TooLarge($"Request entity too large: limit is {MaxBytes}");
}
