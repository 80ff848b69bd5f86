-- What went back lately, for the operator's numbers.
CREATE INDEX refund_done ON payments.refund (done_at) WHERE status = 'done';
