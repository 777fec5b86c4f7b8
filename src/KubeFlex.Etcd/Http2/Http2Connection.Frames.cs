using System.Buffers;

namespace KubeFlex.Etcd.Http2;

/// <summary>Frames as they come: their sizes, their order, and those that are of the connection itself.</summary>
internal sealed partial class Http2Connection
{
    /// <summary>Takes what frames there are; true when some are left, because the client has to take answers first.</summary>
    private bool Handle(ref ReadOnlySequence<byte> buffer)
    {
        reader = Environment.CurrentManagedThreadId;
        var left = false;
        while (!(left = Output.IsOverfull) && FrameHeader.TryRead(buffer, out var frame))
        {
            if (frame.Length > LargestFrame) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame is too large");
            if (buffer.Length < FrameHeader.Size + frame.Length) break;
            var payload = buffer.Slice(FrameHeader.Size, frame.Length);
            buffer = buffer.Slice(payload.End);
            more = !buffer.IsEmpty;
            Handle(frame, payload);
        }
        Start();
        reader = 0;
        return left;
    }

    private void Handle(FrameHeader frame, in ReadOnlySequence<byte> payload)
    {
        if (blockStream != 0 && (frame.Type != FrameType.Continuation || frame.Stream != blockStream)) throw Broken("a header block is interrupted");
        if (!settled && (frame.Type != FrameType.Settings || frame.Has(FrameFlags.Ack))) throw Broken("the first frame is not SETTINGS");
        // A call begins with its first message, if that comes at once.
        if (starting is not null && (frame.Type != FrameType.Data || frame.Stream != starting.Id)) Start();
        switch (frame.Type)
        {
            case FrameType.Data:
                OnData(frame, payload);
                break;
            case FrameType.Headers:
                OnHeaders(frame, payload);
                break;
            case FrameType.Continuation:
                OnContinuation(frame, payload);
                break;
            case FrameType.Settings:
                OnSettings(frame, payload);
                break;
            case FrameType.WindowUpdate:
                OnWindowUpdate(frame, payload);
                break;
            case FrameType.Ping:
                Expect(frame, 8, ofStream: false);
                if (frame.Has(FrameFlags.Ack)) break;
                Charge();
                Span<byte> echo = stackalloc byte[8];
                payload.CopyTo(echo);
                Output.Control(FrameType.Ping, FrameFlags.Ack, echo);
                break;
            case FrameType.RstStream:
                Expect(frame, 4, ofStream: true);
                OnReset(frame.Stream);
                break;
            case FrameType.Priority:
                if (frame.Stream == 0) throw Broken("PRIORITY of no stream");
                Charge();
                // Means nothing any more, but has a size (section 6.3).
                if (frame.Length != 5) FailStream(frame.Stream, Http2ErrorCode.FrameSizeError);
                break;
            case FrameType.GoAway:
                if (frame.Stream != 0) throw Broken("GOAWAY of a stream");
                if (frame.Length < 8) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has a wrong size");
                OnGoAway();
                break;
            case FrameType.PushPromise:
                throw Broken("clients push nothing");
            default:
                // Section 5.5: extensions that we do not know.
                Charge();
                break;
        }
    }

    private void OnHeaders(FrameHeader frame, ReadOnlySequence<byte> payload)
    {
        if (frame.Stream % 2 == 0) throw Broken("HEADERS of a stream that is no client's");
        payload = Unpad(frame, payload);
        if (frame.Has(FrameFlags.Priority))
        {
            if (payload.Length < 5) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has no room for its priority");
            payload = payload.Slice(5);
        }
        var ends = frame.Has(FrameFlags.EndStream);
        if (frame.Has(FrameFlags.EndHeaders))
        {
            Decode(payload);
            OnHead(frame.Stream, ends);
            return;
        }
        (blockStream, blockFrames, blockEnds) = (frame.Stream, 1, ends);
        foreach (var segment in payload) block.Write(segment.Span);
    }

    private void OnContinuation(FrameHeader frame, in ReadOnlySequence<byte> payload)
    {
        if (blockStream == 0) throw Broken("CONTINUATION of no header block");
        if (++blockFrames > BlockFrames || block.WrittenCount + payload.Length > RequestHead.Most) throw new Http2Exception(Http2ErrorCode.EnhanceYourCalm, "the header block is too large");
        foreach (var segment in payload) block.Write(segment.Span);
        if (!frame.Has(FrameFlags.EndHeaders)) return;
        blockStream = 0;
        Decode(new(block.WrittenMemory));
        block.ResetWrittenCount();
        OnHead(frame.Stream, blockEnds);
    }

    private void Decode(in ReadOnlySequence<byte> bytes)
    {
        head.Reset();
        if (bytes.IsSingleSegment)
        {
            decoder.Decode(bytes.FirstSpan, head);
            return;
        }
        var copy = ArrayPool<byte>.Shared.Rent((int)bytes.Length);
        bytes.CopyTo(copy);
        decoder.Decode(copy.AsSpan(0, (int)bytes.Length), head);
        ArrayPool<byte>.Shared.Return(copy);
    }

    private void OnSettings(FrameHeader frame, in ReadOnlySequence<byte> payload)
    {
        if (frame.Stream != 0) throw Broken("SETTINGS of a stream");
        if (frame.Has(FrameFlags.Ack) ? frame.Length > 0 : frame.Length % 6 != 0) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has a wrong size");
        if (frame.Has(FrameFlags.Ack)) return;
        // Not the first.
        if (settled) Charge();
        settled = true;
        var from = new SequenceReader<byte>(payload);
        while (from.TryReadBigEndian(out short setting) && from.TryReadBigEndian(out int value)) Apply((Http2Setting)setting, (uint)value);
        Output.Control(FrameType.Settings, FrameFlags.Ack, []);
    }

    private void Apply(Http2Setting setting, uint value)
    {
        switch (setting)
        {
            case Http2Setting.HeaderTableSize:
                Output.SetTable(value);
                break;
            case Http2Setting.EnablePush:
                if (value > 1) throw Broken("ENABLE_PUSH is 0 or 1");
                break;
            case Http2Setting.InitialWindowSize:
                if (value > int.MaxValue || !Output.TryResize(value, streams.Values)) throw new Http2Exception(Http2ErrorCode.FlowControlError, "the window is too large");
                break;
            case Http2Setting.MaxFrameSize:
                if (value is < Http2Output.DefaultFrame or > 0xFFFFFF) throw Broken("MAX_FRAME_SIZE is out of bounds");
                Output.SetFrame(value);
                break;
        }
    }

    private static ReadOnlySequence<byte> Unpad(FrameHeader frame, ReadOnlySequence<byte> payload)
    {
        if (!frame.Has(FrameFlags.Padded)) return payload;
        if (payload.IsEmpty) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has no room for its padding");
        var padding = payload.FirstSpan[0];
        if (padding >= payload.Length) throw Broken("more padding than frame");
        return payload.Slice(1, payload.Length - 1 - padding);
    }

    private static void Expect(FrameHeader frame, int length, bool ofStream)
    {
        if (ofStream != (frame.Stream != 0)) throw Broken("the frame is of a stream and should not, or of none and should");
        if (frame.Length != length) throw new Http2Exception(Http2ErrorCode.FrameSizeError, "the frame has a wrong size");
    }

    /// <summary>For each frame that helps nobody.</summary>
    private void Charge()
    {
        if (--patience > 0) return;
        var now = (Output.Progress * PatiencePerFrame) + ((long)seconds * PatiencePerSecond);
        patience = (int)Math.Min(Patience, now - earned);
        earned = now;
        if (patience <= 0) throw new Http2Exception(Http2ErrorCode.EnhanceYourCalm, "too many frames that are of no use");
    }

    private static Http2Exception Broken(string message) => new(Http2ErrorCode.ProtocolError, message);
}
