namespace CloudLab.Machine.Devices;

/// <summary>Registers and bits of the 16550 (National Semiconductor PC16550D data sheet, section 8).</summary>
internal static class UartRegisters
{
    /// <summary>RBR on read, THR on write; the divisor's low byte while DLAB is set.</summary>
    public const ulong Data = 0;

    /// <summary>IER; the divisor's high byte while DLAB is set.</summary>
    public const ulong InterruptEnable = 1;

    /// <summary>IIR on read, FCR on write.</summary>
    public const ulong InterruptIdentity = 2;

    public const ulong LineControl = 3;
    public const ulong ModemControl = 4;
    public const ulong LineStatus = 5;
    public const ulong ModemStatus = 6;
    public const ulong Scratch = 7;

    public const byte IerReceived = 0x01;
    public const byte IerTransmitterEmpty = 0x02;
    public const byte IerLineStatus = 0x04;
    public const byte IerModemStatus = 0x08;

    public const byte IirModemStatus = 0x00;
    public const byte IirNone = 0x01;
    public const byte IirTransmitterEmpty = 0x02;
    public const byte IirReceived = 0x04;
    public const byte IirLineStatus = 0x06;
    public const byte IirTimeout = 0x0c;
    public const byte IirFifosEnabled = 0xc0;

    public const byte FcrEnable = 0x01;
    public const byte FcrClearReceiver = 0x02;

    public const byte LcrDivisorLatch = 0x80;

    public const byte McrDtr = 0x01;
    public const byte McrRts = 0x02;
    public const byte McrOut1 = 0x04;
    public const byte McrOut2 = 0x08;
    public const byte McrLoopback = 0x10;

    public const byte LsrDataReady = 0x01;
    public const byte LsrOverrun = 0x02;
    public const byte LsrTransmitterHoldingEmpty = 0x20;
    public const byte LsrTransmitterEmpty = 0x40;

    public const byte MsrRingEnded = 0x04;
    public const byte MsrCts = 0x10;
    public const byte MsrDsr = 0x20;
    public const byte MsrRing = 0x40;
    public const byte MsrDcd = 0x80;
}
