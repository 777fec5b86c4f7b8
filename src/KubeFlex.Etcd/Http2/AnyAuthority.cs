using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace KubeFlex.Etcd.Http2;

/// <summary>Connections without TLS whose clients may call the server what they like, see <see cref="AuthorityMask"/>. With TLS it has a name, and they use that.</summary>
internal static class AnyAuthority
{
    public static void AcceptAnyAuthority(this IConnectionBuilder connections) => connections.Use(next => async connection =>
    {
        var transport = connection.Transport;
        connection.Transport = new Masked(new MaskingReader(transport.Input), transport.Output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    });

    private sealed record Masked(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Changes what comes in where it lies: nobody else reads a connection's buffers.</summary>
    private sealed class MaskingReader(PipeReader inner) : PipeReader
    {
        private readonly AuthorityMask mask = new();
        private ReadOnlySequence<byte> given;

        // Bytes at the beginning of what comes next that have been looked at and not been consumed.
        private long seen;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var read = inner.ReadAsync(cancellationToken);
            return read.IsCompletedSuccessfully ? new(Look(read.Result)) : LookAsync(read);
        }

        public override bool TryRead(out ReadResult result)
        {
            if (!inner.TryRead(out result)) return false;
            Look(result);
            return true;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            seen -= given.Slice(0, consumed).Length;
            given = default;
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        private async ValueTask<ReadResult> LookAsync(ValueTask<ReadResult> read) => Look(await read);

        private ReadResult Look(ReadResult read)
        {
            given = read.Buffer;
            foreach (var segment in given.Slice(seen)) mask.Apply(MemoryMarshal.AsMemory(segment).Span);
            seen = given.Length;
            return read;
        }
    }
}
