int swl_video_placeholder(void);
