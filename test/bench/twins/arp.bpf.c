// The ARP responder alone.
#include "arp.h"

PROGRAM
int arp(CONTEXT *ctx)
{
	return answer_arp(ctx, (void *)(long)ctx->data, (void *)(long)ctx->data_end);
}

LICENSE;
